"""Every feature in every version, one after the other over real HTTP, and the table of what works."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ocpi.versions import VERSIONS, Version
from partners.models import Partner
from partners.services import PartnerDetails, add_partner
from rehearsal.interop import charging, handshakes, objects, optional_modules
from rehearsal.interop.cpo import Cpo, command
from rehearsal.interop.world import Gap, NotInVersion, World
from rehearsal.stage import processes, programs
from rehearsal.stage.environment import Stage

Step = Callable[[World], str]
STEPS: tuple[tuple[str, Step], ...] = (
    ("handshake A: we register", handshakes.we_register),
    ("locations pulled", objects.pull_locations),
    ("tariffs pulled", objects.pull_tariffs),
    ("method B: credentials by hand", handshakes.by_hand),
    ("GET /versions with the last token", handshakes.versions_check),
    ("locations pushed in full", objects.push_network),
    ("tariffs pushed", objects.push_tariffs),
    ("EVSE status PATCHed", objects.patch_evse),
    ("tokens listed", objects.list_tokens),
    ("token authorized", objects.authorize),
    ("token pushed and read back", objects.push_token),
    ("START_SESSION", charging.start),
    ("Session pushed", charging.session_push),
    ("samples", charging.samples),
    ("charging profiles", optional_modules.profiles),
    ("charging preferences", optional_modules.preferences),
    ("STOP_SESSION", charging.stop),
    ("Session read back", charging.session_read_back),
    ("CDR pushed", charging.cdr_push),
    ("CDR read back", charging.cdr_read_back),
    ("RESERVE_NOW", optional_modules.reserve),
    ("CANCEL_RESERVATION", optional_modules.cancel),
    ("UNLOCK_CONNECTOR", optional_modules.unlock),
    ("Bookings", optional_modules.book),
    ("Payments: terminals", optional_modules.terminals),
    ("Payments: receipt after settlement", optional_modules.receipt),
    ("rotation by PUT: theirs", handshakes.they_rotate),
    ("unregistered by them", handshakes.they_unregister),
    ("handshake C: they register", handshakes.they_register),
    ("rotation by PUT: ours", handshakes.we_rotate),
    ("unregistered by us", handshakes.we_unregister),
)
OK, GAP, ABSENT = "ok", "GAP", "-"


@dataclass(frozen=True)
class Cell:
    """One feature in one version."""

    feature: str
    version: str
    verdict: str
    text: str


def play(stage: Stage, running: processes.Processes, progress: Callable[[Cell], None]) -> list[Cell]:
    """Start our web server and one CPO per version, then try every feature with each."""
    running.start("web", programs.web(stage.web_port))
    for version in VERSIONS.values():
        running.start(version.slug, command(version, _party_id(version), _ready_file(stage, version)))
    running.wait_until("web", processes.answers(f"{stage.web_url}/health/ready"))
    cells: list[Cell] = []
    for version in VERSIONS.values():
        running.wait_until(version.slug, _ready_file(stage, version).exists)
        cpo = Cpo(version, _ready_file(stage, version))
        for cell in _one_version(World(version, cpo, _partner(version, cpo), lambda: _workers(stage, running))):
            cells.append(cell)
            progress(cell)
    return cells


@contextmanager
def _workers(stage: Stage, running: processes.Processes) -> Iterator[None]:
    commands = {"worker": programs.worker(), "beat": programs.beat(stage.folder)}
    for name, command_line in commands.items():
        running.start(name, command_line)
    try:
        yield
    finally:
        for name in commands:
            running.kill(name)


def _one_version(world: World) -> Iterator[Cell]:
    for feature, step in STEPS:
        verdict, text = _tried(step, world)
        yield Cell(feature, world.version.number, verdict, text)


def _tried(step: Step, world: World) -> tuple[str, str]:
    try:
        return OK, step(world)
    except NotInVersion:
        return ABSENT, "not in this version"
    except Gap as reason:
        return GAP, str(reason)
    except Exception as error:  # noqa: BLE001  (a step that breaks is a gap; the others still run)
        where = traceback.extract_tb(error.__traceback__)[-1]
        return GAP, f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"


def table(cells: list[Cell]) -> Iterator[str]:
    """The matrix in lines, and below it the reason of everything that is not ok."""
    versions = list(dict.fromkeys(cell.version for cell in cells))
    found = {(cell.feature, cell.version): cell for cell in cells}
    yield f"{'':<36}" + "".join(f"{version:<8}" for version in versions)
    for feature, _step in STEPS:
        row = [found[feature, version] for version in versions if (feature, version) in found]
        yield f"{feature:<36}" + "".join(f"{cell.verdict:<8}" for cell in row)
    reasons: dict[str, list[str]] = {}
    for cell in cells:
        if cell.verdict == GAP:
            reasons.setdefault(f"{cell.verdict}: {cell.feature}: {cell.text}", []).append(cell.version)
    if reasons:
        yield ""
    for text, where in reasons.items():
        yield f"{', '.join(where)}  {text}"


def _party_id(version: Version) -> str:
    return "V" + version.number.replace(".", "")[-2:].rjust(2, "0")


def _ready_file(stage: Stage, version: Version) -> Path:
    return stage.folder / f"{version.slug}.json"


def _partner(version: Version, cpo: Cpo) -> Partner:
    return add_partner(
        PartnerDetails(
            code=version.slug.replace("_", "-"),
            name=f"Simulated CPO {version}",
            country_code="SK",
            party_id=_party_id(version),
            versions_url=cpo.versions_url,
            agreed_version=version.number,
            enabled_versions=[version.number] if version.on_request else [],
            networks=["127.0.0.1"],
        )
    )
