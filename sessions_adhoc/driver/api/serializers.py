"""Shapes of the driver's API. Amounts are integers in minor units of `currency` (cents for EUR)."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions_adhoc.driver.presenting import present
from sessions_adhoc.driver.services import StartRequest
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import choices

TOTP = "The one-time password in the link that the charger's display shows, where the operator uses them (OCPP 2.1)."
TOTP_VERSION = "Of the algorithm, as the link says; by default `v1`."


class StartSerializer(serializers.Serializer[StartRequest]):
    """What to start."""

    evse = serializers.CharField(
        max_length=255, help_text="Code at the end of the QR code's link, or EVSE ID on the sticker."
    )
    connector = serializers.CharField(
        max_length=255,
        required=False,
        default="",
        help_text="Connector ID; needed where the EVSE has several.",
    )
    amount = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=10_000_000,
        help_text="To reserve, in minor units; by default what was agreed for this charger.",
    )
    currency = serializers.RegexField(
        r"^[A-Za-z]{3}$", required=False, default="", help_text="ISO 4217; by default the charger's."
    )
    payment_method = serializers.CharField(
        max_length=255,
        required=False,
        default="",
        help_text="The gateway's token for the driver's card; without one the driver pays at the gateway's page.",
    )
    channel = serializers.ChoiceField(
        choices=[one for one in AdHocSession.Channel.choices if one[0] != "contract"], required=False, default="web"
    )
    previous = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The session that this one tries again. What is still held for it is used, and no more reserved.",
    )
    return_url = serializers.URLField(
        max_length=500,
        required=False,
        default="",
        help_text="Where the driver goes after paying at the gateway's page; by default to the session's own page.",
    )
    locale = serializers.RegexField(
        r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", required=False, default="", help_text="The driver's: `sk`, `de-AT`."
    )
    email = serializers.EmailField(required=False, default="", help_text="The driver's, for the gateway's receipt.")
    payment_reference = serializers.CharField(
        max_length=255,
        required=False,
        default="",
        help_text="Of a payment terminal: the gateway's name of what it has reserved before.",
    )
    offer = serializers.RegexField(
        r"^[0-9a-f]{64}$",
        required=False,
        allow_blank=True,
        default="",
        help_text="The hash of the quote that the driver saw: that price holds, or nothing starts (`price_changed`).",
    )

    totp = serializers.CharField(max_length=64, required=False, allow_blank=True, default="", help_text=TOTP)
    totp_version = serializers.CharField(
        max_length=20, required=False, allow_blank=True, default="", help_text=TOTP_VERSION
    )
    scan = serializers.CharField(
        max_length=100,
        required=False,
        allow_blank=True,
        default="",
        help_text="The `scan` of a quote that was asked for with `totp`: for half an hour it stands for that.",
    )

    def start_request(self) -> StartRequest:
        """Return the validated request."""
        values: dict[str, Any] = dict(self.validated_data)
        values["previous"] = str(values["previous"] or "")
        return StartRequest(**values)


class LimitSerializer(serializers.Serializer[Any]):
    """A higher limit."""

    amount = serializers.IntegerField(
        min_value=1, max_value=10_000_000, help_text="The most that the driver wants to pay, in minor units."
    )
    further_hold = serializers.BooleanField(
        required=False,
        default=False,
        help_text="The driver agrees that what is missing is held as a second amount, where the first is not raised.",
    )
    payment_method = serializers.CharField(
        max_length=255,
        required=False,
        default="",
        help_text="Of a further hold: the gateway's token; without one the driver confirms it at the gateway's page.",
    )
    return_url = serializers.URLField(
        max_length=500,
        required=False,
        default="",
        help_text="Of a further hold: where the driver goes after that; by default to the session's own page.",
    )


class ProblemSerializer(serializers.Serializer[Any]):
    """What is wrong: a text for people, a code for programs and, where it is one field, its name."""

    detail = serializers.CharField()
    field = serializers.CharField(required=False)
    code = serializers.CharField(
        help_text="For programs: `charger_in_use`, somebody is charging there; `price_changed`, the price is not the "
        "one of the quote any more; the documentation has all of them.",
    )
    fields = serializers.DictField(  # type: ignore[assignment]  # on the wire it is called so
        required=False, help_text="With `invalid`: why, by field; beside it each field has its texts."
    )
    quote = serializers.DictField(required=False, help_text="With `price_changed`: the quote that holds now.")


class MoneySerializer(serializers.Serializer[Any]):
    """The driver's money, in minor units."""

    currency = serializers.CharField()
    reserved = serializers.IntegerField(help_text="Held now.")
    limit = serializers.IntegerField(help_text="The most that the driver pays.")
    limit_wanted = serializers.IntegerField(
        allow_null=True, help_text="A higher limit that was asked for; null: none, or the gateway has answered."
    )
    least_further_limit = serializers.IntegerField(
        allow_null=True,
        help_text="The gateway did not raise what is held: from this limit on a second amount may be held instead "
        "(`further_hold`); null: that is not offered.",
    )
    further_hold_waits = serializers.BooleanField(
        help_text="A second amount waits for the driver or the bank: `limit/withdraw/` gives it up."
    )
    kept_until = serializers.DateTimeField(
        allow_null=True,
        help_text="The session came to nothing: until then it stays held for another try that names it as `previous`.",
    )
    captured = serializers.IntegerField(help_text="Taken from the card, also afterwards.")
    refunded = serializers.IntegerField(help_text="Given back of what was captured.")
    owed = serializers.IntegerField(help_text="Still open: the operator's bill is higher than what was reserved.")
    estimated = serializers.IntegerField(allow_null=True, help_text="What the energy so far costs, by the tariff.")
    state = serializers.CharField(help_text="State of the payment.")


class PaymentActionSerializer(serializers.Serializer[Any]):
    """What the driver has to do before anything is reserved: go to `url`, or have the app go on with the secret."""

    type = serializers.ChoiceField(choices=[("redirect", "redirect"), ("client_secret", "client_secret")])
    url = serializers.CharField(allow_blank=True, help_text="The gateway's page; the driver comes back from there.")
    client_secret = serializers.CharField(allow_blank=True, help_text="For the gateway's own library in an app.")
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Until when it can be done.")


class OwedSerializer(serializers.Serializer[Any]):
    """What the operator's bill asks beyond the reservation. It is paid only if the driver agrees (`.../pay/`)."""

    amount = serializers.IntegerField(help_text="Open, in minor units; 0 once it is paid, or not asked for any more.")
    message = serializers.CharField(allow_blank=True, help_text="What is open, and what was paid, for the driver.")
    can_pay = serializers.BooleanField(help_text="Whether the driver may pay it now.")
    is_moving = serializers.BooleanField(help_text="A payment of it is being made, undone or given back: ask again.")
    payment_action = PaymentActionSerializer(allow_null=True, help_text="As that of the session, for this payment.")


class PayOpenSerializer(serializers.Serializer[Any]):
    """The driver agrees to pay what is open."""

    amount = serializers.IntegerField(
        min_value=1, max_value=10_000_000, help_text="As it was shown (`owed.amount`): another sum is not paid."
    )
    payment_method = serializers.CharField(
        max_length=255,
        required=False,
        default="",
        help_text="The gateway's token for the driver's card; without one the driver pays at the gateway's page.",
    )
    return_url = serializers.URLField(
        max_length=500,
        required=False,
        default="",
        help_text="Where the driver goes after paying at the gateway's page; by default to the session's own page.",
    )


class PriceSerializer(serializers.Serializer[Any]):
    """What is offered, or was when the session began, VAT included, in the currency's major unit."""

    hash = serializers.CharField(
        allow_blank=True, help_text="SHA-256 of the offer; empty for sessions older than offers are kept."
    )

    text = serializers.CharField(allow_null=True, help_text="In words, with its restrictions; null: none is published.")
    per_kwh = serializers.FloatField(allow_null=True, help_text="Null where it depends on when, or is not known.")
    per_minute = serializers.FloatField(allow_null=True, help_text="Of charging; null likewise.")


class LimitsSerializer(serializers.Serializer[Any]):
    """What may be reserved, in minor units: the driver never pays more than the limit."""

    default = serializers.IntegerField()
    minimum = serializers.IntegerField()
    choices = serializers.ListField(child=serializers.IntegerField())


class PriceLineSerializer(serializers.Serializer[Any]):
    """One kind of price, to be shown in this order: what it costs now, and what changes when."""

    kind = serializers.CharField(help_text="`energy`, `time`, `occupancy`, `session`, `other`, or `free`.")
    title = serializers.CharField()
    now = serializers.CharField()
    later = serializers.ListField(child=serializers.CharField())


class QuoteSerializer(PriceSerializer):
    """What a driver is offered at a connector now."""

    lines = PriceLineSerializer(many=True)
    example = serializers.CharField(allow_blank=True, help_text="What an ordinary charge comes to, in words.")

    evse = serializers.CharField()
    connector = serializers.CharField(allow_blank=True)
    operator = serializers.CharField(allow_blank=True)
    currency = serializers.CharField()
    vat = serializers.CharField(allow_null=True, help_text="Percent, used where the operator states none.")
    tariff_alt_text = serializers.ListField(child=serializers.DictField(), help_text="The operator's own words.")
    limits = LimitsSerializer(allow_null=True, help_text="Null: payments are not taken in this currency.")
    valid_until = serializers.DateTimeField(help_text="Ask anew after it; START says whether the price still holds.")
    scan_needed = serializers.BooleanField(
        help_text="Only who scans the charger's display can start here: START takes `scan` or `totp`."
    )
    scan = serializers.CharField(
        allow_blank=True, help_text="With `totp`: proof that it was valid, for half an hour; else empty."
    )


class PlaceSerializer(serializers.Serializer[Any]):
    """Which connector a quote is for."""

    evse = serializers.CharField(
        max_length=255, help_text="Code at the end of the QR code's link, or EVSE ID on the sticker."
    )
    connector = serializers.CharField(
        max_length=255, required=False, default="", help_text="Connector ID; needed where the EVSE has several."
    )
    totp = serializers.CharField(max_length=64, required=False, allow_blank=True, default="", help_text=TOTP)
    totp_version = serializers.CharField(
        max_length=20, required=False, allow_blank=True, default="", help_text=TOTP_VERSION
    )


class MeterSerializer(serializers.Serializer[Any]):
    """The newest reading."""

    kwh = serializers.FloatField(allow_null=True)
    kw = serializers.FloatField(allow_null=True)
    kw_derived = serializers.BooleanField()
    soc = serializers.FloatField(allow_null=True, help_text="State of charge in %, where the car tells.")
    at = serializers.DateTimeField(allow_null=True)


class EventSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    text = serializers.CharField()


class ReceiptSerializer(serializers.Serializer[Any]):
    """A receipt or a credit note."""

    kind = serializers.ChoiceField(choices=[("receipt", "receipt"), ("credit_note", "credit_note")])
    number = serializers.CharField()
    total = serializers.IntegerField(help_text="In minor units; below zero on a credit note.")
    url = serializers.CharField(help_text="Its page, for whoever has the link.")
    pdf_url = serializers.CharField()


@extend_schema_field(EventSerializer(many=True))
class EventsField(serializers.ListField):
    """The session's changes of state, in words."""


class AdHocSessionSerializer(serializers.Serializer[AdHocSession]):
    """An ad-hoc session as the driver sees it."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=choices())
    reason = serializers.CharField(allow_blank=True, help_text="Why it ended or waits; empty while all is well.")
    message = serializers.CharField(help_text="One sentence for the driver.")
    finished = serializers.BooleanField()
    can_stop = serializers.BooleanField()
    can_cancel = serializers.BooleanField()
    evse = serializers.CharField()
    connector = serializers.CharField(allow_blank=True)
    connector_status = serializers.CharField()
    attempts = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    money = MoneySerializer()
    payment_action = PaymentActionSerializer(allow_null=True, help_text="Null: there is nothing to do.")
    owed = OwedSerializer(allow_null=True, help_text="Null: nothing is open, and nothing was paid afterwards.")
    quote = PriceSerializer()
    meter = MeterSerializer()
    receipts = ReceiptSerializer(many=True, help_text="Once the session has ended and its account was closed.")
    events = EventsField()

    def to_representation(self, instance: AdHocSession) -> dict[str, Any]:
        return super().to_representation(present(instance))  # type: ignore[arg-type]
