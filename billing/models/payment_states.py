"""Where a driver's money can be."""

from django.db import models


class State(models.TextChoices):
    """Where the money is."""

    CREATED = "created", "Created"
    RESERVING = "reserving", "Reserving"
    RESERVED = "reserved", "Reserved"
    CAPTURING = "capturing", "Capturing"
    CAPTURED = "captured", "Captured"
    REFUNDING = "refunding", "Refunding"
    RELEASING = "releasing", "Releasing"
    RELEASED = "released", "Released"
    DECLINED = "declined", "Declined"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"
    HANDED_ON = "handed_on", "Handed on"


# Nothing is held, and nothing is asked of the gateway unless staff want to give captured money back.
TERMINAL_STATES = (State.CAPTURED, State.RELEASED, State.DECLINED, State.FAILED, State.EXPIRED, State.HANDED_ON)
# The gateway holds money or owes us an answer about it, so somebody must look again at `next_check_at`.
WATCHED_STATES = (State.RESERVING, State.RESERVED, State.CAPTURING, State.RELEASING, State.REFUNDING)
TAKEN_STATES = (State.CAPTURED, State.REFUNDING)
# What the gateway is asked for in a state from which it may come back as held.
REFUSABLE: dict[str, str] = {State.CAPTURING: "capture", State.RELEASING: "release"}
# Captured money may be moved by others: by staff at the gateway's own pages, by the driver's bank (a dispute).
ASKED_ABOUT_STATES = (*WATCHED_STATES, State.CAPTURED)


class Purpose(models.TextChoices):
    """What a payment of a charge is for: there may be several."""

    RESERVATION = "reservation", "Reservation before the charge"
    ADDITION = "addition", "More, reserved while charging"
    COLLECTION = "collection", "What was still owed afterwards"


class DisputeState(models.TextChoices):
    """How the driver's objection at the bank stands."""

    NONE = "", "None"
    OPEN = "open", "Open"
    WON = "won", "Won"
    LOST = "lost", "Lost"
