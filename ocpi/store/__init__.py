"""Storing what partners send and answering from it. Each function is one transaction; see `docs/architecture.md`.

The functions raise `ocpi.versions.Invalid` for objects that cannot be read, `NotFound`, `Conflict` and
`Inexpressible`.
"""

from ocpi.store.base import Conflict, Inexpressible, NotFound, Party, Stored
from ocpi.store.cdrs import cdr_by_uuid, cdr_wire, put_cdr
from ocpi.store.evses import connector_wire, evse_wire, patch_connector, patch_evse, put_connector, put_evse
from ocpi.store.locations import location_wire, patch_location, put_location
from ocpi.store.sessions import patch_session, put_session, session_wire
from ocpi.store.tariffs import delete_tariff, patch_tariff, put_tariff, tariff_wire

__all__ = [
    "Conflict",
    "Inexpressible",
    "NotFound",
    "Party",
    "Stored",
    "cdr_by_uuid",
    "cdr_wire",
    "connector_wire",
    "delete_tariff",
    "evse_wire",
    "location_wire",
    "patch_connector",
    "patch_evse",
    "patch_location",
    "patch_session",
    "patch_tariff",
    "put_cdr",
    "put_connector",
    "put_evse",
    "put_location",
    "put_session",
    "put_tariff",
    "session_wire",
    "tariff_wire",
]
