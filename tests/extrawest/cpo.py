"""A CPO made with extrawest-ocpi, with everything in dicts. Runs in the rivals' own virtual environment.

POST /control/push {module, id, data, details_url} stores an object and has the library push it to us.
"""

# mypy: ignore-errors
import json
import os
import uuid
from typing import Any

from fastapi import Body
from py_ocpi import get_application
from py_ocpi.core.adapter import BaseAdapter
from py_ocpi.core.authentication.authenticator import Authenticator
from py_ocpi.core.crud import Crud
from py_ocpi.core.endpoints import ENDPOINTS
from py_ocpi.core.endpoints.v_2_1_1.utils import cpo_generator as old_generator
from py_ocpi.core.endpoints.v_2_2_1.utils import cpo_generator
from py_ocpi.core.enums import Action, ModuleID, RoleEnum
from py_ocpi.core.push import push_object
from py_ocpi.core.schemas import Push, Receiver
from py_ocpi.modules.versions.enums import VersionNumber
from py_ocpi.modules.versions.v_2_2_1.enums import InterfaceRole

VERSION = VersionNumber(os.environ["CPO_VERSION"])
TOKEN_A = os.environ["CPO_TOKEN_A"]
PARTY = {"country_code": "SK", "party_id": "EXT", "business_details": {"name": "Extrawest"}}
OBJECTS = {module: {} for module in ModuleID}
OBJECTS[ModuleID.locations] = {one["id"].lower(): one for one in json.loads(os.environ["CPO_LOCATIONS"])}
CONNECTION = {}

# The library serves commands and does not list them in its version details: without this nobody finds them.
ENDPOINTS[VersionNumber.v_2_2_1][RoleEnum.cpo][ModuleID.commands] = cpo_generator.generate_endpoint(
    ModuleID.commands, InterfaceRole.receiver
)
ENDPOINTS[VersionNumber.v_2_1_1][RoleEnum.cpo][ModuleID.commands] = old_generator.generate_endpoint(ModuleID.commands)


class DictCrud(Crud):
    """The library's own interface to the CPO's business."""

    @classmethod
    async def get(cls, module: Any, role: Any, id: Any, *args: Any, **kwargs: Any) -> None:
        if module == ModuleID.commands:
            return {"result": "ACCEPTED"}
        if module == ModuleID.credentials_and_registration:
            return own_credentials() if CONNECTION else None
        return OBJECTS[module].get(str(id).lower())

    @classmethod
    async def list(cls, module: Any, role: Any, filters: Any, *args: Any, **kwargs: Any) -> None:
        found = list(OBJECTS[module].values())
        return found, len(found), True

    @classmethod
    async def create(cls, module: Any, role: Any, data: Any, *args: Any, **kwargs: Any) -> None:
        if module == ModuleID.credentials_and_registration:
            CONNECTION.update(theirs=data["credentials"]["token"], ours=str(uuid.uuid4()))
            return own_credentials()
        OBJECTS[module][str(data.get("id") or data["uid"]).lower()] = data
        return data

    @classmethod
    async def update(cls, module: Any, role: Any, data: Any, id: Any, *args: Any, **kwargs: Any) -> None:
        return await cls.create(module, role, data)

    @classmethod
    async def delete(cls, module: Any, role: Any, id: Any, *args: Any, **kwargs: Any) -> None:
        CONNECTION.clear()

    @classmethod
    async def do(cls, module: Any, role: Any, action: Any, *args: Any, data: Any = None, **kwargs: Any) -> None:
        if action == Action.get_client_token:
            return CONNECTION["theirs"]
        OBJECTS[ModuleID.commands]["last"] = data or args[0]
        return {"result": "ACCEPTED", "timeout": 30}


def own_credentials() -> None:
    url = f"http://{os.environ['OCPI_HOST']}/ocpi/versions"
    party = PARTY if VersionNumber.v_2_1_1 == VERSION else {"roles": [{"role": "CPO", **PARTY}]}
    return {"token": CONNECTION["ours"], "url": url, **party}


class Tokens(Authenticator):
    """Token A until somebody registered, then the token that was given."""

    @classmethod
    async def get_valid_token_c(cls) -> None:
        return [CONNECTION["ours"]] if CONNECTION else []

    @classmethod
    async def get_valid_token_a(cls) -> None:
        return [] if CONNECTION else [TOKEN_A]


app = get_application(
    version_numbers=[VERSION],
    roles=[RoleEnum.cpo],
    crud=DictCrud,
    modules=[module for module in ModuleID if module != ModuleID.client_info],
    authenticator=Tokens,
    adapter=BaseAdapter,
)


@app.get("/control/objects/{module}")
async def objects(module: ModuleID) -> None:
    return OBJECTS[module]


WISH = Body(...)


@app.post("/control/push")
async def push(wish: dict = WISH) -> None:
    module = ModuleID(wish["module"])
    OBJECTS[module][wish["data"]["id"].lower()] = wish["data"]
    receiver = Receiver(endpoints_url=wish["details_url"], auth_token=CONNECTION["theirs"])
    order = Push(module_id=module, object_id=wish["data"]["id"].lower(), receivers=[receiver])
    answer = await push_object(VERSION, order, DictCrud, BaseAdapter)
    return {"status": answer.receiver_responses[0].status_code}
