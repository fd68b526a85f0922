"""The message log and the pulls."""

import json

from ocpi.models import Message, SyncRun
from rehearsal.bench import wire
from rehearsal.bench.crowd.filling import Span, fill, one_of, template, text

# Of 20 messages. Further modules, versions and methods are in nobody's traffic: that is when a filter reads on and on.
MODULES = ["sessions"] * 12 + ["locations"] * 4 + ["commands", "cdrs", "tokens", "tariffs"]
HEADERS = {
    "Authorization": "Token …1234",
    "Content-Type": "application/json",
    "User-Agent": "cpo/1.0",
    "Ocpi-From-Party-Id": "ION",
    "Ocpi-From-Country-Code": "SK",
}
ANSWER = '{"status_code": 1000, "status_message": "Success", "timestamp": "2026-01-01T10:00:00Z"}'
FAILED = "n % 97 = 0"


def fill_traffic(span: Span) -> None:
    _fill_messages(span)
    _fill_syncs(span)


def _fill_messages(span: Span) -> None:
    partners = span.last("partners")
    body = text(json.dumps(wire.session("S-@n@", 60, 20.5), indent=1))
    noted = {
        "leniences": template([{"kind": "case", "path": "status", "detail": "active"}]),
        "faults": template([{"path": "kwh", "message": "is missing"}]),
    }
    fill(
        Message,
        span.rows("messages"),
        id="n",
        at=span.moment("messages"),
        partner_id=f"CASE WHEN n % 1000 = 0 THEN NULL WHEN n % 10 = 1 THEN 1 ELSE 1 + n % {partners} END",
        direction="CASE WHEN n % 9 = 0 THEN 'out' ELSE 'in' END",
        version="'2.2.1'",
        module=one_of(MODULES, "n * 7"),
        method=one_of(["PATCH", "PATCH", "PUT", "GET", "POST"]),
        url="'/ocpi/emsp/2.2.1/sessions/SK/ION/S-' || 1 + n / 5",
        source_address="'10.0.0.' || n % 250",
        request_id="md5('request' || n)",
        correlation_id="md5('correlation' || n / 3)",
        request_headers=f"{template(HEADERS)}",
        request_body=f"replace({body}, '@n@', (1 + n / 5)::text)",
        response_headers=template({"Content-Type": "application/json"}),
        response_body=text(ANSWER),
        http_status=f"CASE WHEN {FAILED} THEN 400 + (n % 3) * 50 ELSE 200 END",
        ocpi_status=f"CASE WHEN {FAILED} THEN 2001 ELSE 1000 END",
        duration_ms="5 + n % 200",
        leniences=f"CASE WHEN n % 50 = 1 THEN {noted['leniences']} ELSE '[]'::jsonb END",
        faults=f"CASE WHEN n % 300 = 0 THEN {noted['faults']} ELSE '[]'::jsonb END",
        objects_touched="jsonb_build_array('session:SK*ION/S-' || 1 + n / 5)",
        subject="lower('S-' || 1 + n / 5)",
        failed=FAILED,
    )


def _fill_syncs(span: Span) -> None:
    moment = span.moment("syncs")
    fill(
        SyncRun,
        span.rows("syncs"),
        id="n",
        partner_id=f"1 + n % {span.last('partners')}",
        module=one_of(["locations", "tariffs", "sessions", "cdrs"]),
        state="CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'succeeded' END",
        pages="4",
        received="200",
        stored="200",
        error="CASE WHEN n % 100 = 0 THEN 'They answered HTTP 500.' ELSE '' END",
        created_at=moment,
        started_at=moment,
        ended_at=moment,
    )
