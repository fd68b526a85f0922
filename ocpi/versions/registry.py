"""The versions we speak, oldest first, and how to choose one."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ocpi.versions import v2_1_1, v2_2, v2_2_1, v2_3_0
from ocpi.versions.version import Version
from partners.ground.ocpi_versions import OCPI_VERSIONS

_WRITTEN = {one.VERSION.number: one.VERSION for one in (v2_1_1, v2_2, v2_2_1, v2_3_0)}
VERSIONS: Mapping[str, Version] = MappingProxyType({one.number: _WRITTEN[one.number] for one in OCPI_VERSIONS})


def highest_mutual(ours: Iterable[str], theirs: Iterable[str]) -> Version | None:
    """The newest version on both lists; numbers we do not know are skipped."""
    mutual = set(ours) & set(theirs)
    return next((VERSIONS[number] for number in reversed(list(VERSIONS)) if number in mutual), None)
