"""The command line."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from cpo_simulator.charging.scenario import ALL_VERSIONS
from cpo_simulator.scenarios.courses import SCENARIOS
from cpo_simulator.server.faults.catalogue import FAULTS
from cpo_simulator.server.wishes import change_behaviour
from cpo_simulator.settings.behaviour import Behaviour
from cpo_simulator.settings.config import Config
from cpo_simulator.settings.knobs import Knobs
from cpo_simulator.simulator import Simulator
from cpo_simulator.wire.sloppiness import SWITCHES
from cpo_simulator.wire.versions import VERSIONS

_EPILOG = """
Try it:
  python -m cpo_simulator --speed 60
  curl -H "Authorization: Token TOKEN_A" VERSIONS_URL
  curl CONTROL_URL/state
  curl -X POST CONTROL_URL/behaviour -d '{"next": ["command-rejected"]}'
Scenarios, faults, habits and knobs: python -m cpo_simulator --list-scenarios
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulator until SIGTERM or SIGINT; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.list_scenarios:
        sys.stdout.write(listing())
        return 0
    try:
        config, behaviour = _config(options), _behaviour(options)
    except ValueError as problem:
        parser.error(str(problem))
    try:
        return asyncio.run(_serve(config, behaviour))
    except OSError as problem:
        sys.stderr.write(f"cannot start: {problem}\n")
        return 1


def listing() -> str:
    """All scenarios, faults, habits and knobs, as text."""
    lines = ["Scenarios (--scenario, or POST /control/behaviour with scenario, evses or next)"]
    for course in SCENARIOS.values():
        where = "" if course.versions == ALL_VERSIONS else f"  (OCPI {', '.join(course.versions)})"
        alone = "  (spoils the whole server: start a simulator of its own)" if course.whole_server else ""
        lines += [f"  {course.name}{where}{alone}", f"      {course.summary}", f"      an eMSP should: {course.expect}"]
    lines += ["", "Faults of the server (--fault, or behaviour faults)"]
    lines += [f"  {one.name:<28} {one.summary}" for one in FAULTS.values()]
    lines += ["", "Sloppy habits (--habit, or behaviour habits)"]
    lines += [f"  {one.name:<28} {one.summary}" for one in SWITCHES.values()]
    lines += ["", "Knobs (--knob NAME=NUMBER, or behaviour knobs)"]
    lines += [f"  {name:<20} {default:>6g} {unit:<12} {meaning}" for name, default, unit, meaning in Knobs.describe()]
    return "\n".join(lines) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cpo_simulator",
        description="A charge point operator that speaks OCPI, for trying out an eMSP. Keeps all in memory.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _network_options(parser.add_argument_group("where it listens"))
    _party_options(parser.add_argument_group("who it is"))
    _handshake_options(parser.add_argument_group("registration"))
    _charging_options(parser.add_argument_group("charging and behaviour"))
    _output_options(parser.add_argument_group("output and limits"))
    return parser


def _network_options(group: Any) -> None:
    group.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    group.add_argument("--port", type=int, default=0, help="port; 0 picks a free one (default)")
    group.add_argument("--public-url", default="", metavar="URL", help="base URL in links, behind a proxy")
    group.add_argument("--tls-cert", default="", metavar="FILE", help="serve https with this certificate (PEM)")
    group.add_argument("--tls-key", default="", metavar="FILE", help="its private key (PEM)")
    group.add_argument(
        "--control-token",
        default="",
        metavar="TOKEN",
        help="Bearer token for /control; without one only this machine may use it",
    )
    group.add_argument(
        "--ready-file",
        default="",
        metavar="PATH",
        help="write {port, versions_url, token_a, control_url} as JSON once listening",
    )


def _party_options(group: Any) -> None:
    group.add_argument("--country", default="SK", help="country_code, two letters (default SK)")
    group.add_argument("--party", default="ION", help="party_id, three characters (default ION)")
    group.add_argument("--name", default=Config.name, help=f"name of the company (default {Config.name!r})")
    group.add_argument(
        "--versions",
        default="2.2.1",
        metavar="LIST",
        help=f"OCPI versions offered, comma-separated, of {', '.join(VERSIONS)} (default 2.2.1)",
    )
    group.add_argument(
        "--clients",
        default="",
        metavar="LIST",
        help="play a hub: the parties behind it, comma-separated, such as AT*VIE,CZ*PRG",
    )
    group.add_argument("--seed", type=int, default=1, help="changes where the sites stand (default 1)")


def _handshake_options(group: Any) -> None:
    group.add_argument("--token-a", default="", metavar="TOKEN", help="Token A; generated and printed if not given")
    group.add_argument("--register-url", default="", metavar="URL", help="register at this eMSP versions URL at start")
    group.add_argument("--register-token", default="", metavar="TOKEN", help="the Token A that the eMSP issued")
    group.add_argument("--push-locations", action="store_true", help="PUT all tariffs and locations once registered")


def _charging_options(group: Any) -> None:
    group.add_argument(
        "--speed",
        type=float,
        default=1.0,
        metavar="N",
        help="charging runs N times faster than the clock (default 1; 60 makes a minute a second)",
    )
    group.add_argument(
        "--meter-interval",
        type=float,
        default=0.0,
        metavar="S",
        help="real seconds between meter values (default: a simulated minute, at least 1 s)",
    )
    group.add_argument("--scenario", default="happy", metavar="NAME", help="how charges go (default happy)")
    group.add_argument("--fault", action="append", default=[], metavar="NAME", help="a fault; may be repeated")
    group.add_argument("--habit", action="append", default=[], metavar="NAME", help="a sloppy habit; may be repeated")
    group.add_argument(
        "--knob", action="append", default=[], metavar="NAME=NUMBER", help="turn a knob; may be repeated"
    )
    group.add_argument(
        "--driver",
        choices=("auto", "manual"),
        default="auto",
        help="manual: plug and unplug through /control (default auto)",
    )
    group.add_argument("--list-scenarios", action="store_true", help="list scenarios, faults, habits, knobs; then exit")


def _output_options(group: Any) -> None:
    group.add_argument("--json-log", action="store_true", help="one JSON object per exchange instead of a line")
    group.add_argument("--quiet", action="store_true", help="print no exchanges")
    group.add_argument("--keep", type=int, default=2000, metavar="N", help="objects kept of each kind (default 2000)")
    group.add_argument("--exchanges", type=int, default=500, metavar="N", help="exchanges kept (default 500)")


def _config(options: argparse.Namespace) -> Config:
    versions = tuple(dict.fromkeys(part.strip() for part in options.versions.split(",") if part.strip()))
    unknown = [one for one in versions if one not in VERSIONS]
    if unknown or not versions:
        raise ValueError(f"--versions: unknown {', '.join(unknown) or 'list'}; known: {', '.join(VERSIONS)}")
    if options.speed <= 0 or options.meter_interval < 0:
        raise ValueError("--speed must be above 0 and --meter-interval not below")
    if len(options.country) != 2 or len(options.party) != 3:
        raise ValueError("--country has two letters and --party three characters")
    if options.keep < 1 or options.exchanges < 1:
        raise ValueError("--keep and --exchanges must be at least 1")
    if bool(options.register_url) != bool(options.register_token):
        raise ValueError("--register-url and --register-token belong together")
    names = {one.name for one in fields(Config)} - {"versions", "clients", "color", "website"}
    values = {name: getattr(options, name) for name in names}
    values |= {"country": options.country.upper(), "party": options.party.upper()}
    clients = tuple(one.strip().upper() for one in options.clients.split(",") if one.strip())
    if any(len(one) != 6 or one[2] != "*" for one in clients):
        raise ValueError("--clients takes parties such as AT*VIE, comma-separated")
    return Config(**values, versions=versions, clients=clients, color=sys.stdout.isatty())


def _behaviour(options: argparse.Namespace) -> Behaviour:
    behaviour = Behaviour()
    knobs = dict(one.partition("=")[::2] for one in options.knob)
    change_behaviour(
        behaviour,
        {
            "scenario": options.scenario,
            "faults": options.fault,
            "habits": options.habit,
            "knobs": knobs,
            "driver": options.driver,
        },
    )
    return behaviour


async def _serve(config: Config, behaviour: Behaviour) -> int:
    stopped = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stopped.set)
    simulator = Simulator(config, behaviour)
    await simulator.start()
    simulator.exchanges.say(_greeting(simulator))
    try:
        await stopped.wait()
    finally:
        await simulator.stop()
    return 0


def _greeting(simulator: Simulator) -> str:
    config, ready = simulator.config, simulator.ready()
    if config.json_log:
        return json.dumps({"ready": True, **ready})
    return "\n".join(
        (
            f"{config.name}, {config.country}-{config.party}, OCPI {', '.join(config.versions)}, "
            f"speed {config.speed:g}",
            f"  Versions URL  {ready['versions_url']}",
            f"  Token A       {ready['token_a']}",
            f"  Control API   {ready['control_url']}/state",
            f"  Status page   {simulator.base_url}/",
            "Give the first two to the eMSP, or look for yourself:",
            f'  curl -H "Authorization: Token {ready["token_a"]}" {ready["versions_url"]}',
            "Stop with Ctrl-C. Exchanges follow (<- they call, -> we call): HTTP, OCPI status, time, URL.",
        )
    )
