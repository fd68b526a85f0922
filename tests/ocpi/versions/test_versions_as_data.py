"""What a version changes besides its objects, as data."""

import pytest

from ocpi.versions import VERSIONS, ModuleSpec, WireModel, highest_mutual
from ocpi.versions.base import plan
from tests.ocpi.versions.vectors import V22, V211, V221, V230


def test_versions_are_ordered_oldest_first() -> None:
    assert list(VERSIONS) == ["2.1.1", "2.2", "2.2.1", "2.3.0"]
    assert [str(version) for version in VERSIONS.values()] == list(VERSIONS)
    assert repr(V221) == "<Version 2.2.1>"
    assert V221.slug == "v2_2_1"
    assert {V221: 1}[V221] == 1


@pytest.mark.parametrize(
    ("ours", "theirs", "chosen"),
    [
        (["2.1.1", "2.2", "2.2.1"], ["2.0", "2.2", "2.1.1"], V22),
        (["2.1.1", "2.2", "2.2.1", "2.3.0"], ["2.3.0", "3.0", "2.2.1"], V230),
        (["2.2.1"], ["2.3.0"], None),
        ([], ["2.2.1"], None),
        (["9.9"], ["9.9"], None),
    ],
)
def test_the_highest_mutual_version_is_chosen(ours: list[str], theirs: list[str], chosen: object) -> None:
    assert highest_mutual(iter(ours), iter(theirs)) is chosen


def test_flags() -> None:
    def flags(name: str) -> list[object]:
        return [getattr(version, name) for version in VERSIONS.values()]

    since_2_2 = [False, True, True, True]
    for name in (
        "has_roles",
        "encodes_token",
        "routing_headers",
        "correlation_headers",
        "patch_needs_last_updated",
        "command_has_timeout",
        "sessions_tell_power",
        "objects_name_owner",
        "token_type_in_query",
        "ids_ignore_case",
    ):
        assert flags(name) == since_2_2, name
    assert flags("on_request") == flags("unknown_fields_allowed") == [False, False, False, True]
    assert flags("tariffs_patchable") == [True, False, False, False]
    assert flags("command_result_kind") == [
        "command_response",
        "command_result",
        "command_result",
        "command_result",
    ]
    assert flags("unknown_token_code") == [2000, 2004, 2004, 2004]


def test_modules_an_emsp_serves() -> None:
    assert [spec.identifier for spec in V211.modules] == [
        "credentials",
        "locations",
        "sessions",
        "cdrs",
        "tariffs",
        "tokens",
        "commands",
    ]
    assert {spec.role for spec in V211.modules} == {None}
    served = {(spec.identifier, spec.role) for spec in V221.modules}
    assert served == {
        ("credentials", "SENDER"),
        ("locations", "RECEIVER"),
        ("sessions", "RECEIVER"),
        ("cdrs", "RECEIVER"),
        ("tariffs", "RECEIVER"),
        ("tokens", "SENDER"),
        ("commands", "SENDER"),
        ("chargingprofiles", "SENDER"),
        ("hubclientinfo", "RECEIVER"),
    }
    assert V22.modules == V221.modules
    receiver, sender = V221.modules[1].role, V221.modules[0].role
    # An eMSP has no part in Payments; we serve it as the provider of payment terminals.
    further = {ModuleSpec("bookings", receiver), ModuleSpec("payments", sender)}
    assert set(V230.modules) - set(V221.modules) == further


@pytest.mark.parametrize("version", VERSIONS.values(), ids=str)
def test_modules_needed_at_a_cpo(version: object) -> None:
    needs = VERSIONS[str(version)].required_remote
    assert {(need.identifier, str(need.role)) for need in needs if need.required} == {
        ("locations", "SENDER"),
        ("sessions", "SENDER"),
        ("cdrs", "SENDER"),
        ("tokens", "RECEIVER"),
        ("commands", "RECEIVER"),
    }
    assert [need.identifier for need in needs if not need.required] == ["tariffs"]


def test_kinds_of_2_1_1() -> None:
    missing = V221.models.keys() - V211.models.keys()
    assert {"client_info", "charging_preferences", "set_charging_profile", "cancel_reservation"} <= missing
    assert V211.models.keys() <= V221.models.keys() <= V230.models.keys()
    assert V22.models.keys() == V221.models.keys()


@pytest.mark.parametrize("version", VERSIONS.values(), ids=str)
def test_models_of_a_kind_share_their_attributes(version: object) -> None:
    """What another version's object is asked for by name, this one's object has too."""
    for kind, model in VERSIONS[str(version)].models.items():
        canonical = V221.models.get(kind, model)
        assert canonical.model_fields.keys() <= model.model_fields.keys() or kind == "command_result", kind
        assert issubclass(model, WireModel)
        assert model.__doc__


@pytest.mark.parametrize("version", VERSIONS.values(), ids=str)
def test_nested_models_belong_to_the_version(version: object) -> None:
    """A model that a version overrides is not used in its older form by another one of that version."""
    models = VERSIONS[str(version)].models
    for model in models.values():
        for field in plan(model).fields:
            if field.on_wire and field.model and field.model.kind in models and not field.bare:
                assert issubclass(models[field.model.kind], field.model), (model, field.name)
                assert plan(field.model).by_wire.keys() == plan(models[field.model.kind]).by_wire.keys(), (
                    model,
                    field.name,
                )
