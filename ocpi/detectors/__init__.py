"""What goes wrong between a partner and us, as far as messages, handshakes, pulls and pushes tell (guide 8)."""

from ocpi.detectors import answers, certificates, clock, habits, handshakes, locations, objects, refused
from partners.incidents.detecting import register

MODULES = (answers, certificates, clock, habits, handshakes, locations, objects, refused)


def register_all() -> None:
    """Watch for all of it."""
    for module in MODULES:
        register(*module.DETECTORS)
