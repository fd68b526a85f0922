"""OCPI 2.2: what differs from 2.2.1."""

from ocpi.versions import v2_2_1
from ocpi.versions.v2_2 import models
from ocpi.versions.version import Version, models_of

VERSION = Version(
    number="2.2",
    models={**v2_2_1.VERSION.models, **models_of(models)},
    modules=v2_2_1.MODULES,
)
