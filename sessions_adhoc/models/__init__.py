"""The lifecycle's own rows; the CPO's objects are in `ocpi`, money is in `billing`."""

from sessions_adhoc.models.account import AccountDue, AwaitedCdr, ReceiptWish
from sessions_adhoc.models.attempt import AttemptSession, ChargingAttempt, Sample
from sessions_adhoc.models.client import ClientKey, RepeatableRequest
from sessions_adhoc.models.contract import ContractNumber, ContractRecord
from sessions_adhoc.models.display import DisplaySecret
from sessions_adhoc.models.pull import FallbackPull
from sessions_adhoc.models.session import MOVING, TRANSITIONS, AdHocSession
from sessions_adhoc.models.timeline import TimelineEvent
from sessions_adhoc.models.webhook import WebhookDelivery, WebhookEndpoint

__all__ = [
    "MOVING",
    "TRANSITIONS",
    "AccountDue",
    "AdHocSession",
    "AttemptSession",
    "AwaitedCdr",
    "ChargingAttempt",
    "ClientKey",
    "ContractNumber",
    "ContractRecord",
    "DisplaySecret",
    "FallbackPull",
    "ReceiptWish",
    "RepeatableRequest",
    "Sample",
    "TimelineEvent",
    "WebhookDelivery",
    "WebhookEndpoint",
]
