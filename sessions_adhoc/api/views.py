"""Endpoints of the driver's API: thin, they call `sessions_adhoc.services`."""

from collections.abc import Callable
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, NotFound, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ocpi.authentication import source_address
from partners import limiting
from sessions_adhoc import services
from sessions_adhoc.api.authentication import ClientKeyAuthentication
from sessions_adhoc.api.serializers import AdHocSessionSerializer, ProblemSerializer, StartSerializer
from sessions_adhoc.models import AdHocSession, ClientKey

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=False,
    description="Up to 255 characters. Sent again with the same request it returns the first session.",
)
PROBLEM = OpenApiResponse(ProblemSerializer, "What is wrong.")


def _let_through(wait: int) -> None:
    """Raise `Throttled`, HTTP 429, for whoever has to wait so many seconds."""
    if wait:
        raise Throttled(wait)


def problem(text: str, http_status: int, field: str = "", code: str = "") -> Response:
    more = {name: value for name, value in (("field", field), ("code", code)) if value}
    return Response({"detail": text, **more}, status=http_status)


class ClientView(APIView):
    """A view for known clients, each of which sees its own sessions only."""

    authentication_classes = [ClientKeyAuthentication]

    def client(self, request: Request) -> ClientKey:
        if not isinstance(request.auth, ClientKey):
            raise NotAuthenticated("Send your client key: Authorization: Bearer sfp_...")
        return request.auth

    def perform_authentication(self, request: Request) -> None:
        place = limiting.place_of(source_address(request._request))
        _let_through(limiting.wait_for(limiting.STRANGERS, place))
        try:
            super().perform_authentication(request)
            self.client(request)
        except (AuthenticationFailed, NotAuthenticated):
            _let_through(limiting.hit(limiting.STRANGERS, place))
            raise

    def session(self, request: Request, session_id: UUID) -> AdHocSession:
        found = (
            AdHocSession.objects.select_related("authorization", "evse", "token")
            .filter(pk=session_id, client=self.client(request))
            .first()
        )
        if found is None:
            raise NotFound("There is no such session.")
        return found


class AdHocSessionsView(ClientView):
    """Start a session."""

    @extend_schema(
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
    )
    def post(self, request: Request) -> Response:
        body = StartSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        key = request.headers.get("Idempotency-Key", "")
        _let_through(limiting.hit(limiting.CLIENTS, str(self.client(request).pk)))
        if len(key) > 255:
            return problem("The Idempotency-Key is longer than 255 characters.", status.HTTP_400_BAD_REQUEST)
        try:
            session, created = services.start_session(
                body.start_request(), client=self.client(request), idempotency_key=key
            )
        except services.CannotStart as error:
            return problem(str(error), status.HTTP_409_CONFLICT, error.field, error.code)
        except services.IdempotencyConflict as error:
            return problem(str(error), status.HTTP_409_CONFLICT)
        http_status = status.HTTP_201_CREATED if created else status.HTTP_200_OK
        return Response(AdHocSessionSerializer(session).data, status=http_status)


class AdHocSessionView(ClientView):
    """Read a session."""

    @extend_schema(
        operation_id="get_ad_hoc_session",
        summary="The session now: state, money, newest meter value",
        responses={200: AdHocSessionSerializer, 401: PROBLEM, 404: PROBLEM},
    )
    def get(self, request: Request, session_id: UUID) -> Response:
        return Response(AdHocSessionSerializer(self.session(request, session_id)).data)


class EndingView(ClientView):
    """What stop and cancel share."""

    def end(self, request: Request, session_id: UUID, verb: Callable[[UUID, str], AdHocSession]) -> Response:
        self.session(request, session_id)
        try:
            verb(session_id, "The driver")
        except services.CannotStop as error:
            return problem(str(error), status.HTTP_409_CONFLICT)
        return Response(AdHocSessionSerializer(self.session(request, session_id)).data, status.HTTP_202_ACCEPTED)


ENDING_RESPONSES = {
    202: OpenApiResponse(AdHocSessionSerializer, "Asked for; the session tells when it has happened."),
    401: PROBLEM,
    404: PROBLEM,
    409: OpenApiResponse(ProblemSerializer, "The session has already ended."),
}


class StopView(EndingView):
    """Stop charging."""

    @extend_schema(
        operation_id="stop_ad_hoc_session",
        summary="Stop charging. A request: the charger may go on until the CPO stops it",
        request=None,
        responses=ENDING_RESPONSES,
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        return self.end(request, session_id, services.stop_session)


class CancelView(EndingView):
    """Give up before charging."""

    @extend_schema(
        operation_id="cancel_ad_hoc_session",
        summary="Cancel. Once the charger was asked to start, this is a stop",
        request=None,
        responses=ENDING_RESPONSES,
    )
    def post(self, request: Request, session_id: UUID) -> Response:
        return self.end(request, session_id, services.cancel_session)
