"""What goes wrong in charges at a partner's chargers, whoever's charges they are (guide 8)."""

from partners.incidents.detecting import register
from sessions_adhoc.detectors import cdrs, cut_off, endings, meter, starts, updates

MODULES = (cdrs, cut_off, endings, meter, starts, updates)


def register_all() -> None:
    """Watch for all of it."""
    for module in MODULES:
        register(*module.DETECTORS)
