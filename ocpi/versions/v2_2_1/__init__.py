"""OCPI 2.2.1, written out in full: the other versions say how they differ from it."""

from ocpi.versions.enums import InterfaceRole
from ocpi.versions.v2_2_1 import cdrs, commands, common, locations, profiles, registration, sessions, tariffs, tokens
from ocpi.versions.version import ModuleSpec, Version, models_of

SENDER, RECEIVER = InterfaceRole.SENDER, InterfaceRole.RECEIVER

MODULES = (
    ModuleSpec("credentials", SENDER),
    ModuleSpec("locations", RECEIVER),
    ModuleSpec("sessions", RECEIVER),
    ModuleSpec("cdrs", RECEIVER),
    ModuleSpec("tariffs", RECEIVER),
    ModuleSpec("tokens", SENDER),
    ModuleSpec("commands", SENDER),
    ModuleSpec("chargingprofiles", SENDER),
    ModuleSpec("hubclientinfo", RECEIVER),
)
VERSION = Version(
    number="2.2.1",
    models=models_of(common, locations, sessions, cdrs, tariffs, tokens, registration, commands, profiles),
    modules=MODULES,
)
