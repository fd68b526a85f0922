"""Two operators on one platform: B, whose drivers must notice nothing, and A, that sends whatever it likes."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
from django.utils import timezone
from hypothesis import strategies as st

from ocpi.models import Evse
from partners.models import Partner
from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State
from tests.driver import scene
from tests.factories import (
    PartnerFactory,
    cdr_data,
    connector_data,
    evse_data,
    issue_token,
    location_data,
    session_data,
    tariff_data,
)
from tests.ocpi.cpo import TOKEN_C, ScriptedCpo, credentials_data
from tests.ocpi.modules.test_hubs import VIENNA
from tests.ocpi.server.test_isolation import all_of
from tests.support.processes import PATIENCE

FOREIGN = "DE*XYZ*E77"
LATER = ["2026-11-22T10:05:00Z", "2027-11-22T10:05:00Z", "2020-01-01T00:00:00Z"]
# What differs between two looks at an unchanged page.
FLEETING = re.compile(r'(name="(csrfmiddlewaretoken|nonce)" value="[^"]*")|(\d+\s*(s|min|h)\b)|(\d+\\u00a0(s|min|h)\b)')
MODULES = ("locations", "evses", "connectors", "sessions", "tariffs", "cdrs", "hubclientinfo", "credentials", "tokens")


@dataclass
class Hostile:
    """A in one environment, with a token of its own."""

    partner: Partner
    token: str


@dataclass
class Neighbours:
    """The stage. `names`: everything by which B's chargers are, or were, reached."""

    url: str
    b: Partner
    twin: Partner
    evse: Evse
    session: AdHocSession
    key: str
    hostile: dict[str, Hostile]
    server: ScriptedCpo
    names: list[str]

    def view(self) -> dict[str, Any]:
        """What B's drivers see, and every row that is B's."""
        parts = ("", "/state.json", "/qr.svg")
        pages = {f"{name}{part}": self._get(f"/c/{name}{part}") for name in self.names for part in parts}
        own = f"/c/session/{self.session.pk}"
        pages |= {own: self._get(own), f"{own}.json": self._get(f"{own}.json")}
        api = f"/api/v1/ad-hoc-sessions/{self.session.pk}/"
        pages[api] = self._get(api, Authorization=f"Bearer {self.key}")
        rows = {f"{one.code}: {kind}": found for one in (self.b, self.twin) for kind, found in all_of(one).items()}
        return pages | rows

    def _get(self, path: str, **headers: str) -> tuple[int, str]:
        answer = requests.get(f"{self.url}{path}", headers=headers, timeout=PATIENCE)
        return answer.status_code, FLEETING.sub("", answer.text)

    def send(self, message: "Message") -> int:
        """A sends one message; return the HTTP status of the answer."""
        who = self.hostile[message.environment]
        answer = requests.request(
            message.method,
            f"{self.url}/ocpi/emsp/2.2.1/{message.path}",
            json=message.body,
            headers={"Authorization": f"Token {who.token}"},
            timeout=PATIENCE,
        )
        return answer.status_code


def meet(url: str, server: ScriptedCpo) -> Neighbours:
    """B with a charger, its twin in test, an id of a party that nobody owns, and a driver who charges."""
    b = PartnerFactory.create(code="bbb", party_id="BBB", environment="production")
    twin = PartnerFactory.create(code="bbb-test", party_id="BBB", environment="test")
    evse = scene.station(evse_id="SK*BBB*E1", uid="B-1", partner=b)
    scene.add_tariff(evse)
    foreign = scene.station(evse_id=FOREIGN, uid="B-2", partner=b)
    tested = scene.station(evse_id="SK*BBB*E1", uid="B-1", partner=twin)
    b.published_evse_ids.create(key="DEXYZE77")
    session = scene.session_in(evse, State.CHARGING)
    client, key = create_client_key("app")
    AdHocSession.objects.filter(pk=session.pk).update(client=client, next_check_at=timezone.now() + timedelta(days=1))
    hostile = {}
    for environment in ("production", "test"):
        hub = {"hub_party_id": "DEHUB"} if environment == "production" else {}
        a = PartnerFactory.create(code=f"a-{environment[:4]}", party_id="AAA", environment=environment, **hub)
        hostile[environment] = Hostile(a, issue_token(a))
    server.register_normally(accepted=(TOKEN_C,))
    names = [evse.code, foreign.code, tested.code, "SK*BBB*E1", "skbbbe1", FOREIGN, "DE-XYZ-E77", "B-1"]
    return Neighbours(url, b, twin, evse, session, key, hostile, server, names)


@dataclass(frozen=True)
class Message:
    """What A sends."""

    environment: str
    method: str
    path: str
    body: Any


def messages(stage: Neighbours) -> st.SearchStrategy[Message]:
    """One hostile message: of any module, with B's parties, ids and codes wherever one may stand."""
    return st.builds(
        lambda environment, made: Message(environment, *made),
        st.sampled_from(["production", "production", "test"]),
        st.sampled_from(MODULES).flatmap(lambda module: _OF[module](stage)),
    )


def own_location() -> Message:
    """A location of A's own that it may write, whose EVSE goes by the name of one of B's."""
    evse = evse_data("X", evse_id="SK*BBB*E1", last_updated=LATER[0])
    body = _owned(location_data("LOC-1", evses=[evse]), ("SK", "AAA"), last_updated=LATER[0])
    return Message("production", "PUT", "locations/SK/AAA/LOC-1", body)


def _parties() -> st.SearchStrategy[tuple[str, str]]:
    return st.sampled_from([("SK", "BBB"), ("sk", "bbb"), ("SK", "AAA"), ("SK", "AAA"), ("SK", "SFP"), ("DE", "XYZ")])


def _ids(stage: Neighbours, *more: str) -> st.SearchStrategy[str]:
    token = stage.session.token.uid
    return st.sampled_from(["B-1", "b-1", "B-2", "LOC-1", "T-1", "S-1", "X", token, stage.evse.code, *more])


def _evse_ids(stage: Neighbours) -> st.SearchStrategy[str]:
    code = stage.evse.code
    return st.sampled_from(["SK*BBB*E1", "skbbbe1", "SK-BBB-E1", FOREIGN, "DEXYZE77", "B-1", code, code.lower(), ""])


def _owned(data: dict[str, Any], party: tuple[str, str], **changes: Any) -> dict[str, Any]:
    return data | {"country_code": party[0], "party_id": party[1]} | changes


_METHODS = st.sampled_from(["PUT", "PUT", "PUT", "PATCH", "DELETE"])
_STATUS = st.sampled_from(["AVAILABLE", "REMOVED", "CHARGING", "OUTOFORDER"])
_WHEN = st.sampled_from(LATER)


def _location(stage: Neighbours) -> Any:
    def make(method: str, party: tuple[str, str], place: str, uid: str, evse_id: str, status: str, when: str) -> Any:
        evse = evse_data(uid, evse_id=evse_id, status=status, last_updated=when)
        body = _owned(location_data(place, evses=[evse]), party, last_updated=when)
        return method, f"locations/{party[0]}/{party[1]}/{place}", body

    return st.builds(make, _METHODS, _parties(), _ids(stage), _ids(stage), _evse_ids(stage), _STATUS, _WHEN)


def _evse(stage: Neighbours) -> Any:
    def make(method: str, party: tuple[str, str], place: str, uid: str, evse_id: str, status: str, when: str) -> Any:
        body = evse_data(uid, evse_id=evse_id, status=status, last_updated=when)
        return method, f"locations/{party[0]}/{party[1]}/{place}/{uid}", body

    return st.builds(make, _METHODS, _parties(), _ids(stage), _ids(stage), _evse_ids(stage), _STATUS, _WHEN)


def _connector(stage: Neighbours) -> Any:
    def make(method: str, party: tuple[str, str], place: str, uid: str, when: str) -> Any:
        body = connector_data("1", tariff_ids=["T-1", "HOSTILE"], last_updated=when)
        return method, f"locations/{party[0]}/{party[1]}/{place}/{uid}/1", body

    return st.builds(make, _METHODS, _parties(), _ids(stage), _ids(stage), _WHEN)


def _session(stage: Neighbours) -> Any:
    own = stage.session.attempts.get().session_links.get().ocpi_session.ocpi_id
    reference = str(stage.session.attempts.get().command.reference)

    def make(method: str, party: tuple[str, str], session_id: str, uid: str, status: str, kwh: float, when: str) -> Any:
        token = session_data()["cdr_token"] | {"uid": uid}
        body = _owned(session_data(session_id), party, cdr_token=token, status=status, kwh=kwh, last_updated=when)
        body["authorization_reference"] = reference
        return method, f"sessions/{party[0]}/{party[1]}/{session_id}", body

    statuses = st.sampled_from(["ACTIVE", "COMPLETED", "INVALID", "PENDING"])
    kwh = st.sampled_from([0.0, 1.0, 500.0])
    return st.builds(make, _METHODS, _parties(), _ids(stage, own), _ids(stage), statuses, kwh, _WHEN)


def _tariff(stage: Neighbours) -> Any:
    def make(method: str, party: tuple[str, str], tariff_id: str, price: float, when: str) -> Any:
        component = {"type": "ENERGY", "price": price, "step_size": 1}
        elements = [{"price_components": [component]}]
        body = _owned(tariff_data(tariff_id), party, elements=elements, last_updated=when)
        return method, f"tariffs/{party[0]}/{party[1]}/{tariff_id}", body

    return st.builds(make, _METHODS, _parties(), _ids(stage), st.sampled_from([0.01, 99.0]), _WHEN)


def _cdr(stage: Neighbours) -> Any:
    reference = str(stage.session.attempts.get().command.reference)

    def make(party: tuple[str, str], cdr_id: str, uid: str, total: float) -> Any:
        token = session_data()["cdr_token"] | {"uid": uid}
        cost = {"excl_vat": total, "incl_vat": total}
        body = _owned(cdr_data(cdr_id), party, cdr_token=token, total_cost=cost, authorization_reference=reference)
        return "POST", "cdrs", body

    return st.builds(make, _parties(), _ids(stage), _ids(stage), st.sampled_from([0.0, 40.0, 9999.0]))


def _client(stage: Neighbours) -> Any:
    def make(party: tuple[str, str], role: str, when: str) -> Any:
        body = _owned(VIENNA, party, role=role, last_updated=when)
        return "PUT", f"hubclientinfo/{party[0]}/{party[1]}", body

    return st.builds(make, _parties(), st.sampled_from(["CPO", "EMSP", "HUB"]), _WHEN)


def _credentials(stage: Neighbours) -> Any:
    def make(method: str, named: list[tuple[tuple[str, str], str]]) -> Any:
        business = {"name": "A"}
        roles = [
            {"role": role, "country_code": party[0], "party_id": party[1], "business_details": business}
            for party, role in [(("SK", "AAA"), "CPO"), *named]
        ]
        return method, "credentials", credentials_data(stage.server.url, roles=roles)

    role = st.tuples(_parties(), st.sampled_from(["CPO", "HUB", "EMSP"]))
    return st.builds(make, st.sampled_from(["PUT", "PUT", "POST"]), st.lists(role, max_size=3))


def _token(stage: Neighbours) -> Any:
    def make(method: str, uid: str) -> Any:
        return (method, f"tokens/{uid}/authorize", None) if method == "POST" else (method, f"tokens/{uid}", {})

    return st.builds(make, st.sampled_from(["POST", "PUT", "DELETE"]), _ids(stage))


_OF = {
    "locations": _location,
    "evses": _evse,
    "connectors": _connector,
    "sessions": _session,
    "tariffs": _tariff,
    "cdrs": _cdr,
    "hubclientinfo": _client,
    "credentials": _credentials,
    "tokens": _token,
}
