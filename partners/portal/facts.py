"""What the CPO's page has to know of the layers above: registered from there, in `AppConfig.ready`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.http import HttpRequest

from partners.models import Partner


@dataclass(frozen=True)
class CheckCase:
    """One case of a connection check.

    Attributes:
        outcome: "pass", "warn", "fail"; anything else: not applicable.
        text: what was seen; `advice` what to change; `findings` single faults, by path.
        reference: where the specification or the guide says so.
        group: what it is about, with its neighbours.
    """

    title: str
    outcome: str
    text: str = ""
    advice: str = ""
    reference: str = ""
    group: str = ""
    findings: Sequence[str] = ()


@dataclass(frozen=True)
class CheckReport:
    """A connection check (the conformance run) as it is told to a CPO. `number` names the run."""

    number: int
    at: datetime
    version: str
    armed: bool
    cases: Sequence[CheckCase]


@dataclass(frozen=True)
class PortalFacts:
    """What the platform knows about one partner.

    Attributes:
        endpoint: the base URL made for the partner; `versions_url` the one it registers with (guide 6).
        seen: checklist item → the sentence that says what was seen to work.
    """

    endpoint: str
    versions_url: str
    seen: Mapping[str, str] = field(default_factory=dict)


FactsOf = Callable[[Partner], PortalFacts]
AddressOf = Callable[[HttpRequest], str]
ReportOf = Callable[[Partner], CheckReport | None]


class NotRegistered(RuntimeError):
    """No layer above said how to find this out."""


@dataclass
class _Registered:
    facts: FactsOf | None = None
    address: AddressOf | None = None
    report: ReportOf | None = None


_registered = _Registered()


def register(*, facts: FactsOf, address: AddressOf, report: ReportOf) -> None:
    """Say how facts, the caller's address and the newest connection check are found."""
    _registered.facts, _registered.address, _registered.report = facts, address, report


def facts_of(partner: Partner) -> PortalFacts:
    if _registered.facts is None:
        raise NotRegistered("facts")
    return _registered.facts(partner)


def address_of(request: HttpRequest) -> str:
    """Return where the request came from, proxies of ours seen through."""
    if _registered.address is None:
        raise NotRegistered("address")
    return _registered.address(request)


def newest_check(partner: Partner) -> CheckReport | None:
    """Return the newest finished connection check; None before the first."""
    if _registered.report is None:
        raise NotRegistered("report")
    return _registered.report(partner)
