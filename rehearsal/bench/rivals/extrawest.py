"""extrawest-ocpi as an eMSP that keeps sessions in a dict. Runs in the rivals' own virtual environment."""
# mypy: ignore-errors

import os

from py_ocpi import get_application
from py_ocpi.core.authentication.authenticator import Authenticator
from py_ocpi.core.crud import Crud
from py_ocpi.core.enums import ModuleID, RoleEnum
from py_ocpi.modules.sessions.v_2_2_1.schemas import Session
from py_ocpi.modules.versions.enums import VersionNumber

SESSIONS = {}
TOLD_TO_ANOTHER = {
    "country_code": "SK",
    "party_id": "ION",
    "start_date_time": "2026-01-01T10:00:00Z",
    "kwh": 0.0,
    "cdr_token": {
        "country_code": "SK",
        "party_id": "SFP",
        "uid": "BENCHTOKEN1",
        "type": "AD_HOC_USER",
        "contract_id": "SK-SFP-C00000001",
    },
    "auth_method": "COMMAND",
    "location_id": "L0",
    "evse_uid": "L0-1",
    "connector_id": "1",
    "currency": "EUR",
    "charging_periods": [
        {"start_date_time": "2026-01-01T10:00:00Z", "dimensions": [{"type": "POWER", "volume": 48.5}]}
    ],
    "status": "ACTIVE",
    "last_updated": "2026-01-01T10:00:00Z",
}
"""A Session that the other process was told of: a refusal would be cheaper than the work that is compared."""


class DictCrud(Crud):
    """Only what PUT and PATCH of a Session call."""

    @classmethod
    async def get(cls, module, role, id, *args, **kwargs):
        return SESSIONS.get(id) or {**TOLD_TO_ANOTHER, "id": id}

    @classmethod
    async def create(cls, module, role, data, *args, **kwargs):
        SESSIONS[data["id"]] = data
        return data

    @classmethod
    async def update(cls, module, role, data, id, *args, **kwargs):
        SESSIONS[id] = data
        return data

    @classmethod
    async def list(cls, module, role, filters, *args, **kwargs):
        return [], 0, True

    @classmethod
    async def delete(cls, module, role, id, *args, **kwargs):
        SESSIONS.pop(id, None)

    @classmethod
    async def do(cls, module, role, action, *args, data=None, **kwargs):
        return None


class OneToken(Authenticator):
    """The benchmark's token and no other."""

    @classmethod
    async def get_valid_token_c(cls):
        return [os.environ["BENCH_TOKEN"]]

    @classmethod
    async def get_valid_token_a(cls):
        return []


class Adapter:
    """From the dict to the library's schema."""

    @classmethod
    def session_adapter(cls, data, version=VersionNumber.latest):
        return Session(**data)


app = get_application(
    version_numbers=[VersionNumber.v_2_2_1],
    roles=[RoleEnum.emsp],
    crud=DictCrud,
    modules=[ModuleID.sessions],
    authenticator=OneToken,
    adapter=Adapter,
)
