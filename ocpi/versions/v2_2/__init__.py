"""OCPI 2.2: what differs from 2.2.1."""

from ocpi.versions import v2_2_1
from ocpi.versions.base import WireModel
from ocpi.versions.version import LaterModels, Version, models_of


def _models() -> dict[str, type[WireModel]]:
    from ocpi.versions.v2_2 import models

    return {**v2_2_1.VERSION.models, **models_of(models)}


VERSION = Version(
    number="2.2",
    models=LaterModels(_models),
    modules=v2_2_1.MODULES,
)
