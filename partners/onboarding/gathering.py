"""Where facts come from: most of them lie in higher layers, which register the function that gathers them."""

from collections.abc import Callable
from dataclasses import dataclass

from partners.models import Onboarding
from partners.onboarding.rules import Facts

Gather = Callable[[Onboarding], Facts]


@dataclass
class _Registered:
    gather: Gather | None = None


_registered = _Registered()


def register(gather: Gather) -> None:
    """Say how the facts about an integration are gathered; called in `AppConfig.ready`."""
    _registered.gather = gather


def facts_of(onboarding: Onboarding) -> Facts:
    """All facts about an integration, in a constant number of queries."""
    if _registered.gather is None:
        raise RuntimeError("No layer above said how facts about onboarding are gathered.")
    return _registered.gather(onboarding)
