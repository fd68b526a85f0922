"""For our own back office: tokens of contracts, charges with them, and what CPOs' Sessions and CDRs come to."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from ocpi.models import Token
from partners.ground import limiting
from partners.services import check_token
from sessions_adhoc.contracts import handing
from sessions_adhoc.driver import contract_tokens, services
from sessions_adhoc.driver.api.serializers import StartSerializer
from sessions_adhoc.driver.api.views import ClientView, key_of, let_through, problem
from sessions_adhoc.models import AdHocSession, ClientKey, ContractRecord

MOST = 200
NOT_ALLOWED = "This key is not our back office's."
UNKNOWN = "There is no such contract charge."


class BackOfficeView(ClientView):
    """A view for the back office's key alone."""

    def office(self, request: Request) -> ClientKey:
        client = self.client(request)
        if not client.is_back_office:
            raise PermissionDenied(NOT_ALLOWED)
        let_through(limiting.hit(limiting.CLIENTS, str(client.pk)))
        return client


class ContractChargesAskedSerializer(serializers.Serializer[Any]):
    """Which records."""

    after = serializers.IntegerField(
        min_value=0, max_value=2**62, default=0, help_text="The number of the last record that you have."
    )
    since = serializers.DateTimeField(required=False, help_text="Handed over since then.")
    unacknowledged = serializers.BooleanField(default=False, help_text="Only those that were not acknowledged.")
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=100)


class ContractChargeSerializer(serializers.Serializer[Any]):
    """A Session, CDR or credit CDR of a contract. Fixed, but for `acknowledged_at`."""

    id = serializers.UUIDField()
    number = serializers.IntegerField(help_text="Without a gap: the cursor.")
    kind = serializers.ChoiceField(choices=ContractRecord.Kind.choices)
    contract_id = serializers.CharField(allow_blank=True)
    token = serializers.DictField(help_text="`uid` and `type`.")
    operator = serializers.CharField()
    party = serializers.CharField(help_text="Of the CPO: `SK*ION`.")
    charging_session = serializers.UUIDField(
        allow_null=True, help_text="Started through the API: its money was asked for there, and is not asked again."
    )
    session_id = serializers.CharField(allow_blank=True)
    cdr_id = serializers.CharField(required=False)
    credits = serializers.CharField(required=False, allow_null=True, help_text="The CDR that is taken back.")
    status = serializers.CharField(required=False)
    location_id = serializers.CharField(allow_blank=True)
    evse_uid = serializers.CharField(allow_blank=True)
    start = serializers.DateTimeField(allow_null=True)
    end = serializers.DateTimeField(allow_null=True)
    kwh = serializers.CharField()
    currency = serializers.CharField()
    asked = serializers.IntegerField(required=False, allow_null=True, help_text="By the CDR, gross, in minor units.")
    price = serializers.IntegerField(required=False, allow_null=True, help_text="By the CPO's tariff.")
    pays = serializers.IntegerField(required=False, allow_null=True, help_text="What of it we owe the CPO.")
    claim = serializers.IntegerField(required=False, allow_null=True, help_text="What is asked beyond that.")
    offered = serializers.IntegerField(required=False, allow_null=True, help_text="By our own price plan.")
    doubts = serializers.ListField(child=serializers.DictField(), help_text="What is odd: `code` and `text`.")
    decided_by_staff = serializers.BooleanField()
    note = serializers.CharField(allow_blank=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)


class ContractChargesSerializer(serializers.Serializer[Any]):
    """A page; `last` is what to ask `after` next."""

    last = serializers.IntegerField()
    more = serializers.BooleanField(help_text="Whether there are further ones by now.")
    results = ContractChargeSerializer(many=True)


class ContractChargesView(BackOfficeView):
    """What was handed over, in the order of its numbers."""

    def get(self, request: Request) -> Response:
        self.office(request)
        asked = ContractChargesAskedSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wish = asked.validated_data
        rows = list(_asked_for(wish).order_by("number")[: wish["limit"] + 1])
        page = rows[: wish["limit"]]
        last = page[-1].number if page else wish["after"]
        return Response({"last": last, "more": len(rows) > len(page), "results": [told(row) for row in page]})


def _asked_for(wish: dict[str, Any]) -> QuerySet[ContractRecord]:
    rows = ContractRecord.objects.filter(state=ContractRecord.State.HANDED, number__gt=wish["after"])
    if "since" in wish:
        rows = rows.filter(handed_at__gte=wish["since"])
    return rows.filter(acknowledged_at=None) if wish["unacknowledged"] else rows


def told(row: ContractRecord) -> dict[str, Any]:
    """A record as it was handed over."""
    return {**(row.body or {}), "acknowledged_at": row.acknowledged_at}


class AcknowledgeView(BackOfficeView):
    """The back office has it: said once or more often."""

    def post(self, request: Request, record_id: UUID) -> Response:
        client = self.office(request)
        row = ContractRecord.objects.filter(uuid=record_id, state=ContractRecord.State.HANDED).first()
        if row is None:
            raise NotFound(UNKNOWN)
        return Response(told(handing.acknowledge(client, row)))


class ContractTokenSerializer(serializers.Serializer[Any]):
    """A card or an app of a contract."""

    type = serializers.ChoiceField(choices=[(one, one) for one in contract_tokens.TYPES])
    contract_id = serializers.CharField(max_length=36)
    valid = serializers.BooleanField(default=True)
    whitelist = serializers.ChoiceField(choices=[(one, one) for one in contract_tokens.WHITELISTS], default="ALLOWED")
    visual_number = serializers.CharField(max_length=64, default="", allow_blank=True)
    language = serializers.RegexField(r"^[a-z]{2}$", default="", allow_blank=True)


class ContractTokenView(BackOfficeView):
    """Keep a token: all connected CPOs are told."""

    def put(self, request: Request, uid: str) -> Response:
        self.office(request)
        body = ContractTokenSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        _check_names(uid, body.validated_data["contract_id"])
        try:
            token, created = contract_tokens.keep_token(
                contract_tokens.ContractToken(uid=uid, **body.validated_data), settings.OCPI_BUSINESS_NAME
            )
        except contract_tokens.AnothersToken as error:
            return problem(str(error), status.HTTP_409_CONFLICT, error.code, "contract_id")
        return Response(_token_told(token), status.HTTP_201_CREATED if created else status.HTTP_200_OK)


def _check_names(uid: str, contract_id: str) -> None:
    """OCPI's ids are of printable ASCII."""
    for field, value in (("uid", uid), ("contract_id", contract_id)):
        try:
            check_token(value)
        except ValidationError as error:
            raise serializers.ValidationError({field: error.messages}) from error
        if len(value) > 36:
            raise serializers.ValidationError({field: ["At most 36 characters."]}, "max_length")


def _token_told(token: Token) -> dict[str, Any]:
    names = ("uid", "type", "contract_id", "valid", "whitelist", "visual_number", "language", "last_updated")
    return {name: getattr(token, name) for name in names}


class ChargeSerializer(StartSerializer):
    """What to start, and with which token. The account of the contract pays, where `PAYMENT_ROUTES` says so."""

    channel = None  # type: ignore[assignment]
    payment_reference = None  # type: ignore[assignment]
    token = serializers.CharField(max_length=36, help_text="UID of a token of the contract.")
    token_type = serializers.ChoiceField(
        choices=[(one, one) for one in contract_tokens.TYPES], required=False, default="", allow_blank=True
    )


class ChargingSessionsView(BackOfficeView):
    """Start a charge of a contract, through the engine of all charges."""

    def post(self, request: Request) -> Response:
        client, key = self.office(request), key_of(request)
        body = ChargeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        try:
            token = contract_tokens.usable_token(given.pop("token"), given.pop("token_type"))
            wish = services.StartRequest(
                **{**given, "previous": str(given["previous"] or "")},
                channel=AdHocSession.Channel.CONTRACT,
                contract_token=token.pk,
            )
            session, created = services.start_session(wish, client=client, idempotency_key=key)
        except services.CannotStart as error:
            return problem(str(error), status.HTTP_409_CONFLICT, error.code, error.field)
        except services.IdempotencyConflict as error:
            return problem(str(error), status.HTTP_409_CONFLICT, error.code)
        return self.told(request, session, status.HTTP_201_CREATED if created else status.HTTP_200_OK)
