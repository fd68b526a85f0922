"""Every import points one way: no circles of modules, no two rooms that need each other, few loose modules.

import-linter holds the floors between apps; this holds the rooms within them. The graph is that of all imports as
they are written, those for type checkers included.
"""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest
from django.conf import settings

APPS = ("rehearsal", "sfp_platform", "onboarding", "sessions_adhoc", "billing", "ocpi", "partners", "cpo_simulator")
MOST_LOOSE = 8

Edges = set[tuple[str, str]]


def graph_of(*apps: str) -> grimp.ImportGraph:
    return grimp.build_graph(*apps, cache_dir=None)


def edges_of(graph: grimp.ImportGraph) -> Edges:
    return {(one, other) for one in graph.modules for other in graph.find_modules_directly_imported_by(one)}


def find_circle(edges: Edges) -> list[str]:
    """Modules that import each other in a ring, the first one again at the end; empty where there is none."""
    order: TopologicalSorter[str] = TopologicalSorter()
    for one, other in edges:
        order.add(one, other)
    try:
        order.prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def between_siblings(edges: Edges) -> Iterator[tuple[str, str]]:
    """Each import as one between the two packages (or modules) that stand side by side."""
    for one, other in edges:
        here, there = one.split("."), other.split(".")
        same = next((at for at, pair in enumerate(zip(here, there, strict=False)) if pair[0] != pair[1]), 0)
        if same:
            yield ".".join(here[: same + 1]), ".".join(there[: same + 1])


def two_way_pairs(edges: Edges) -> list[tuple[str, str]]:
    pairs = set(between_siblings(edges))
    return sorted((one, other) for one, other in pairs if one < other and (other, one) in pairs)


@pytest.fixture(scope="module")
def imports() -> Edges:
    return edges_of(graph_of(*APPS))


def test_no_modules_import_each_other_in_a_circle(imports: set[tuple[str, str]]) -> None:
    assert find_circle(imports) == []


def test_no_two_packages_side_by_side_import_each_other(imports: set[tuple[str, str]]) -> None:
    assert two_way_pairs(imports) == []


@pytest.mark.parametrize("app", APPS)
def test_few_modules_stand_loose_at_the_top_of_an_app(app: str) -> None:
    loose = sorted(path.name for path in (settings.BASE_DIR / app).glob("*.py") if path.name != "__init__.py")
    assert len(loose) <= MOST_LOOSE, loose


def test_circles_and_two_way_pairs_are_seen() -> None:
    edges = {("a.x.one", "a.y"), ("a.y", "a.z"), ("a.z", "a.x.two"), ("a.x.two", "a.x.one"), ("a.y.in", "a.x.one")}
    circle = find_circle(edges)
    assert circle[0] == circle[-1]
    assert set(circle) == {"a.x.one", "a.y", "a.z", "a.x.two"}
    assert two_way_pairs(edges) == [("a.x", "a.y")]
    assert find_circle(edges - {("a.z", "a.x.two")}) == []


def test_an_import_for_type_checkers_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "ring_of_two"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "one.py").write_text("from ring_of_two import other\n")
    (package / "other.py").write_text(
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from ring_of_two import one\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    edges = edges_of(graph_of("ring_of_two"))
    assert set(find_circle(edges)) == {"ring_of_two.one", "ring_of_two.other"}
    assert two_way_pairs(edges) == [("ring_of_two.one", "ring_of_two.other")]
