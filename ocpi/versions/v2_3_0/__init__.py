"""OCPI 2.3.0 (edition 2) with the add-ons Payments and Bookings: what differs from 2.2.1."""

from ocpi.versions import v2_2_1
from ocpi.versions.base import WireModel
from ocpi.versions.enums import InterfaceRole
from ocpi.versions.version import LaterModels, ModuleSpec, Version, models_of


def _models() -> dict[str, type[WireModel]]:
    from ocpi.versions.v2_3_0 import (
        bookings,
        cdrs,
        commands,
        common,
        invoices,
        locations,
        payments,
        registration,
        sessions,
        tariffs,
        tokens,
    )

    own = models_of(
        common, locations, sessions, tariffs, cdrs, tokens, registration, commands, invoices, payments, bookings
    )
    return {**v2_2_1.VERSION.models, **own}


VERSION = Version(
    number="2.3.0",
    models=LaterModels(_models),
    # Payments is no module of an eMSP: we serve it as the provider of payment terminals, which is the sender.
    modules=(
        *v2_2_1.MODULES,
        ModuleSpec("bookings", InterfaceRole.RECEIVER),
        ModuleSpec("payments", InterfaceRole.SENDER),
    ),
    unknown_fields_allowed=True,
)
