"""Which personal data billing keeps."""

from partners.ground.personal import BY_LAW, DRIVERS, Kind, keep_personal

PAYMENT = ("opening", "payment_method", "gateway_reference", "card", "action")


def register() -> None:
    keep_personal(
        Kind(
            "payments",
            "Payments",
            DRIVERS,
            frozenset(f"billing.paymentauthorization.{name}" for name in PAYMENT)
            | {"billing.gatewayevent.body", "billing.gatewayevent.about", "billing.gatewayevent.payment"},
            "What was paid, with the last four digits of the card and the gateway's names. The address that a page was"
            " opened with is forgotten when it is paid or closed.",
            until=BY_LAW,
        )
    )
    keep_personal(
        Kind(
            "receipts",
            "Receipts and the ledger",
            DRIVERS,
            frozenset({"billing.receipt.contents"}),
            "Time and place of a charge, what it cost, the card's last four digits. No name and no address.",
            until=BY_LAW,
        )
    )
