"""Where the specification says it. 2.2, 2.2.1 and 2.3.0 number their chapters alike; 2.1.1 has a file per chapter."""

from collections.abc import Mapping

from ocpi.versions import Version

_NUMBERED: Mapping[str, str] = {
    "tls": "§4.1.1",
    "authorization": "§4.1.2",
    "pagination": "§4.1.4.1",
    "envelope": "§4.1.7",
    "routing": "§4.1.8.2",
    "message_ids": "§4.2",
    "endpoints": "§4.3",
    "status_codes": "§5",
    "versions": "§6.1",
    "details": "§6.2",
    "credentials": "§7.2",
    "locations": "§8.2.1.1",
    "locations_object": "§8.3.1",
    "sessions": "§9.2.1.1",
    "sessions_object": "§9.3.1",
    "sessions_patch": "§9.2.2.3",
    "cdrs": "§10.2.1.1",
    "cdrs_object": "§10.3.1",
    "cdrs_post": "§10.2.2.2",
    "tariffs": "§11.2.1.1",
    "tariffs_object": "§11.3.1",
    "tokens": "§12.2.1",
    "tokens_get": "§12.2.1.1",
    "tokens_put": "§12.2.1.2",
    "commands": "§13.2.1.1",
    "command_response": "§13.3.2",
    "command_result": "§13.2.2.1",
    "start_session": "§13.3.5",
    "stop_session": "§13.3.6",
}
_BY_FILE: Mapping[str, str] = {
    "tls": "Transport and format, Security and authentication",
    "authorization": "Transport and format, Request format",
    "pagination": "Transport and format, Pagination",
    "envelope": "Transport and format, Response format",
    "routing": "",
    "message_ids": "",
    "endpoints": "Transport and format, Interface endpoints",
    "status_codes": "Status codes",
    "versions": "Version information endpoint",
    "details": "Version details endpoint",
    "credentials": "Credentials §1",
    "locations": "Locations §2.1.1",
    "locations_object": "Locations §3.1",
    "sessions": "Sessions §2.1.1",
    "sessions_object": "Sessions §3.1",
    "sessions_patch": "Sessions §2.2.3",
    "cdrs": "CDRs §2.1.1",
    "cdrs_object": "CDRs §3.1",
    "cdrs_post": "CDRs §2.2.2",
    "tariffs": "Tariffs §2.1.1",
    "tariffs_object": "Tariffs §3.1",
    "tokens": "Tokens §2.1",
    "tokens_get": "Tokens §2.1.1",
    "tokens_put": "Tokens §2.1.2",
    "commands": "Commands §2.1.1",
    "command_response": "Commands §3.1",
    "command_result": "Commands §2.2.1",
    "start_session": "Commands §3.3",
    "stop_session": "Commands §3.4",
}
_PLACES: Mapping[str, Mapping[str, str]] = {
    "2.1.1": _BY_FILE,
    "2.2": _NUMBERED,
    "2.2.1": _NUMBERED,
    "2.3.0": {**_NUMBERED, "routing": "§4.1.9.2"},
}


def section(version: Version, topic: str) -> str:
    """`OCPI 2.2.1 §4.1.4.1`, `guide §5.4` for a topic that is written so; empty where the version says nothing."""
    if not topic or topic.startswith("guide"):
        return topic
    place = _PLACES[version.number][topic]
    return f"OCPI {version.number} {place}" if place else ""
