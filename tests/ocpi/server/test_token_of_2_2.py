"""A 2.2.1 `cdr_token` in the form of 2.2, without country and party: a charge of ours must not be invisible."""

from typing import Any

import pytest

from ocpi.models import Cdr, OcpiSession
from tests.factories import cdr_data, session_data, without
from tests.ocpi.server.conftest import Cpo, answered, last_message

MISSING = [("missing_field", "cdr_token.country_code"), ("missing_field", "cdr_token.party_id")]


def in_form_of_2_2(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"cdr_token": without(data["cdr_token"], "country_code", "party_id")}


def overlooked() -> list[tuple[str, str]]:
    return sorted((note["kind"], note["path"]) for note in last_message().leniences)


def test_a_session_is_taken(cpo: Cpo) -> None:
    data = in_form_of_2_2(session_data("S-1"))
    answered(cpo.put("sessions/SK/ION/S-1", data), 201, 1000)
    assert overlooked() == MISSING
    row = OcpiSession.objects.get()
    assert (row.token_uid, row.raw) == (data["cdr_token"]["uid"], data)
    answered(cpo.patch("sessions/SK/ION/S-1", {"kwh": 9, "last_updated": "2027-01-01T00:00:00Z"}), 200, 1000)
    assert answered(cpo.get("sessions/SK/ION/S-1"), 200, 1000)["kwh"] == 9
    for version in ("2.1.1", "2.2"):
        answered(cpo.get(f"/ocpi/emsp/{version}/sessions/SK/ION/S-1"), 200, 1000)


def test_a_cdr_is_taken(cpo: Cpo) -> None:
    data = in_form_of_2_2(cdr_data("C-1"))
    answered(cpo.post("cdrs", data), 201, 1000)
    assert overlooked() == MISSING
    assert Cdr.objects.get().token_uid == data["cdr_token"]["uid"]
    answered(cpo.post("cdrs", data), 200, 1000)


@pytest.mark.parametrize("field", ["uid", "type", "contract_id"])
def test_the_rest_of_the_token_is_still_required(cpo: Cpo, field: str) -> None:
    data = session_data("S-1")
    answered(cpo.put("sessions/SK/ION/S-1", data | {"cdr_token": without(data["cdr_token"], field)}), 200, 2001, field)
    assert not OcpiSession.objects.exists()
