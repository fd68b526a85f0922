"""The driver's API in its OpenAPI document.

Imported by what writes that document (`sfp_platform.web.openapi`): no other process needs to load drf-spectacular.
"""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from sessions_adhoc.driver.api import contracts
from sessions_adhoc.driver.api.serializers import (
    AdHocSessionSerializer,
    LimitSerializer,
    PayOpenSerializer,
    PlaceSerializer,
    ProblemSerializer,
    QuoteSerializer,
    StartSerializer,
)
from sessions_adhoc.driver.api.stations import StationsAskedSerializer, StationsSerializer, StationsView
from sessions_adhoc.driver.api.views import (
    AdHocSessionsView,
    AdHocSessionView,
    CancelView,
    LimitView,
    PayView,
    QuotesView,
    ReleaseView,
    StopView,
    WithdrawView,
)

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=False,
    description="Up to 255 characters. Sent again with the same request nothing more is done.",
)
PROBLEM = OpenApiResponse(ProblemSerializer, "What is wrong.")
ENDING_RESPONSES = {
    202: OpenApiResponse(AdHocSessionSerializer, "Asked for; the session tells when it has happened."),
    401: PROBLEM,
    404: PROBLEM,
    409: OpenApiResponse(ProblemSerializer, "The session has already ended."),
}


class ClientKeyScheme(OpenApiAuthenticationExtension):
    """How the key appears in the OpenAPI document."""

    target_class = "sessions_adhoc.driver.api.authentication.ClientKeyAuthentication"
    name = "clientKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A client key, `sfp_...`, made by staff."}


extend_schema(
    operation_id="find_stations",
    summary="Stations near a point, nearest first, or in a place",
    parameters=[StationsAskedSerializer],
    responses={200: StationsSerializer, 400: PROBLEM, 401: PROBLEM, 429: PROBLEM},
)(StationsView.get)
extend_schema(
    operation_id="get_quote",
    summary="What a driver is offered at a connector now; START may name its hash",
    parameters=[PlaceSerializer],
    responses={
        200: QuoteSerializer,
        400: PROBLEM,
        401: PROBLEM,
        404: OpenApiResponse(ProblemSerializer, "There is no such charger or connector."),
        429: OpenApiResponse(ProblemSerializer, "Too many in a minute; `Retry-After` says when to try again."),
    },
)(QuotesView.get)
extend_schema(
    operation_id="start_ad_hoc_session",
    summary="Start an ad-hoc session: reserve the funds, then start the charger",
    parameters=[IDEMPOTENCY_KEY],
    request=StartSerializer,
    responses={
        201: AdHocSessionSerializer,
        200: OpenApiResponse(AdHocSessionSerializer, "The session that this Idempotency-Key started before."),
        400: PROBLEM,
        401: PROBLEM,
        409: OpenApiResponse(ProblemSerializer, "The charger cannot be used, or the key was used otherwise."),
        429: OpenApiResponse(ProblemSerializer, "Too many in a minute; `Retry-After` says when to try again."),
    },
)(AdHocSessionsView.post)
extend_schema(
    operation_id="get_ad_hoc_session",
    summary="The session now: state, money, newest meter value",
    responses={200: AdHocSessionSerializer, 401: PROBLEM, 404: PROBLEM},
)(AdHocSessionView.get)
extend_schema(
    operation_id="stop_ad_hoc_session",
    summary="Stop charging. A request: the charger may go on until the CPO stops it",
    parameters=[IDEMPOTENCY_KEY],
    request=None,
    responses=ENDING_RESPONSES,
)(StopView.post)
extend_schema(
    operation_id="raise_ad_hoc_session_limit",
    summary="Raise the limit while charging: more is reserved, and the limit follows when it is",
    parameters=[IDEMPOTENCY_KEY],
    request=LimitSerializer,
    responses={
        202: OpenApiResponse(AdHocSessionSerializer, "Asked for; `money.limit` tells when it has happened."),
        400: PROBLEM,
        401: PROBLEM,
        404: PROBLEM,
        409: OpenApiResponse(ProblemSerializer, "It is no higher, or no charge goes on."),
    },
)(LimitView.post)
extend_schema(
    operation_id="withdraw_further_hold_of_ad_hoc_session",
    summary="Give up the second amount that waits for the driver or the bank: the limit stays as it is",
    parameters=[IDEMPOTENCY_KEY],
    request=None,
    responses={
        202: OpenApiResponse(AdHocSessionSerializer, "Given up; whatever the bank does, it is let go of."),
        401: PROBLEM,
        404: PROBLEM,
        409: OpenApiResponse(ProblemSerializer, "None waits."),
    },
)(WithdrawView.post)
extend_schema(
    operation_id="pay_open_of_ad_hoc_session",
    summary="Pay what is open after the charge (`owed`), if the driver agrees: reserved, then taken at once",
    parameters=[IDEMPOTENCY_KEY],
    request=PayOpenSerializer,
    responses={
        202: OpenApiResponse(AdHocSessionSerializer, "Asked for; `owed` tells what the driver has to do, if anything."),
        400: PROBLEM,
        401: PROBLEM,
        404: PROBLEM,
        409: OpenApiResponse(
            ProblemSerializer, "Nothing is open, another sum is, or the last payment is being undone."
        ),
        429: OpenApiResponse(ProblemSerializer, "Too many in a minute; `Retry-After` says when to try again."),
    },
)(PayView.post)
extend_schema(
    operation_id="release_ad_hoc_session",
    summary="Release now what is held for another try, after a session that came to nothing",
    parameters=[IDEMPOTENCY_KEY],
    request=None,
    responses={
        202: OpenApiResponse(AdHocSessionSerializer, "Asked for, or there is nothing held any more."),
        401: PROBLEM,
        404: PROBLEM,
        409: OpenApiResponse(ProblemSerializer, "The session goes on, or another try has what was held."),
    },
)(ReleaseView.post)
extend_schema(
    operation_id="cancel_ad_hoc_session",
    summary="Cancel. Once the charger was asked to start, this is a stop",
    parameters=[IDEMPOTENCY_KEY],
    request=None,
    responses=ENDING_RESPONSES,
)(CancelView.post)
NOT_OURS = OpenApiResponse(ProblemSerializer, "The key is not our back office's.")
extend_schema(
    operation_id="start_charging_session",
    summary="For our back office: start a charge with a token of a contract",
    parameters=[IDEMPOTENCY_KEY],
    request=contracts.ChargeSerializer,
    responses={
        201: AdHocSessionSerializer,
        200: OpenApiResponse(AdHocSessionSerializer, "The session that this Idempotency-Key started before."),
        400: PROBLEM,
        401: PROBLEM,
        403: NOT_OURS,
        409: OpenApiResponse(ProblemSerializer, "The token, or the charger, cannot be used."),
    },
)(contracts.ChargingSessionsView.post)
extend_schema(
    operation_id="keep_contract_token",
    summary="For our back office: create or change a token; all connected CPOs are told",
    request=contracts.ContractTokenSerializer,
    responses={
        201: contracts.ContractTokenSerializer,
        200: contracts.ContractTokenSerializer,
        400: PROBLEM,
        401: PROBLEM,
        403: NOT_OURS,
        409: OpenApiResponse(ProblemSerializer, "The UID belongs to another contract."),
    },
)(contracts.ContractTokenView.put)
extend_schema(
    operation_id="list_contract_charges",
    summary="For our back office: Sessions and CDRs of contracts, in the order of their numbers",
    parameters=[contracts.ContractChargesAskedSerializer],
    responses={200: contracts.ContractChargesSerializer, 400: PROBLEM, 401: PROBLEM, 403: NOT_OURS},
)(contracts.ContractChargesView.get)
extend_schema(
    operation_id="acknowledge_contract_charge",
    summary="For our back office: it has the record; said again nothing changes",
    request=None,
    responses={200: contracts.ContractChargeSerializer, 401: PROBLEM, 403: NOT_OURS, 404: PROBLEM},
)(contracts.AcknowledgeView.post)
