"""Which personal data the protocol keeps."""

from django.conf import settings

from partners.ground.personal import BY_LAW, DRIVERS, Kind, keep_personal

MESSAGE = ("url", "source_address", "request_headers", "request_body", "response_headers", "response_body", "error")
NOTES = ("leniences", "faults", "objects_touched", "subject", "request_id", "correlation_id")


def register() -> None:
    keep_personal(
        Kind(
            "messages",
            "The message log",
            DRIVERS,
            frozenset(f"ocpi.message.{name}" for name in (*MESSAGE, *NOTES)),
            "What CPOs and we told each other: evidence for bills and incidents. Tokens stand for drivers.",
            days=lambda: (settings.OCPI_MESSAGE_DAYS, "OCPI_MESSAGE_DAYS"),
        )
    )
    keep_personal(
        Kind(
            "charges-of-cpos",
            "Sessions, CDRs, bookings and commands",
            DRIVERS,
            frozenset({"ocpi.ocpisession.*", "ocpi.cdr.*", "ocpi.booking.*", "ocpi.bookingrequest.*", "ocpi.command.*"})
            | {"ocpi.financialadvice.*", "ocpi.profilerequest.*", "ocpi.activeprofile.*"},
            "What CPOs bill, with one-off tokens in the place of drivers.",
            until=BY_LAW,
        )
    )
    keep_personal(
        Kind(
            "tokens",
            "Tokens",
            DRIVERS,
            frozenset({"ocpi.token.*", "ocpi.tokenpush.*"}),
            "By which chargers let drivers charge, and by which CDRs name them. One for each ad-hoc charge.",
            until=BY_LAW,
        )
    )
