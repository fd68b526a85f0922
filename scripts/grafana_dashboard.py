"""Writes `deploy/grafana/dashboard.json`: Grafana's own format is long, the list of panels below is not.

python scripts/grafana_dashboard.py            writes it
python scripts/grafana_dashboard.py --check    says whether it is as it would be written
"""

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "deploy" / "grafana" / "dashboard.json"
SOURCE = {"type": "prometheus", "uid": "${source}"}
# (title, unit, width of 24, [(expression, legend)]), row by row.
PANELS: tuple[tuple[str, str, int, list[tuple[str, str]]], ...] = (
    ("Does not run", "none", 6, [("min by (check) (sfp_health) == 0", "{{check}}")]),
    ("Charges by state", "none", 6, [("max by (state) (sfp_sessions)", "{{state}}")]),
    ("Money held", "none", 6, [("max by (currency) (sfp_held_minor_units) / 100", "{{currency}}")]),
    ("Open incidents", "none", 6, [("max by (severity) (sfp_incidents_open)", "{{severity}}")]),
    (
        "Messages from partners, by module",
        "reqps",
        12,
        [('sum by (module) (rate(sfp_messages_total{direction="in"}[5m]))', "{{module}}")],
    ),
    (
        "Messages from partners, by status",
        "reqps",
        12,
        [('sum by (status) (rate(sfp_messages_total{direction="in"}[5m]))', "{{status}}")],
    ),
    (
        "Most active partners",
        "reqps",
        12,
        [('topk(10, sum by (partner) (rate(sfp_messages_total{direction="in"}[5m])))', "{{partner}}")],
    ),
    (
        "Our calls that failed, by partner",
        "reqps",
        12,
        [
            (
                'topk(10, sum by (partner) (rate(sfp_messages_total{direction="out",status=~"4..|5..|none"}[5m])))',
                "{{partner}}",
            )
        ],
    ),
    (
        "How long messages take, 95 %",
        "s",
        8,
        [
            (
                "histogram_quantile(0.95, sum by (le, direction) (rate(sfp_message_seconds_bucket[5m])))",
                "{{direction}}",
            ),
            ("histogram_quantile(0.95, sum by (le) (rate(sfp_push_seconds_bucket[5m])))", "pushes, with their commit"),
        ],
    ),
    (
        "Pushes that share a commit",
        "none",
        8,
        [("sum(rate(sfp_push_group_sum[5m])) / sum(rate(sfp_push_group_count[5m]))", "pushes per commit")],
    ),
    ("Other requests", "reqps", 8, [("sum by (area, status) (rate(sfp_requests_total[5m]))", "{{area}} {{status}}")]),
    ("Queues: messages", "none", 8, [("max by (queue) (sfp_queue_messages)", "{{queue}}")]),
    ("Queues: oldest message", "s", 8, [("max by (queue) (sfp_queue_age_seconds)", "{{queue}}")]),
    (
        "Tasks waited, 95 %",
        "s",
        8,
        [("histogram_quantile(0.95, sum by (le, queue) (rate(sfp_task_wait_seconds_bucket[5m])))", "{{queue}}")],
    ),
    ("Rows whose time has come", "none", 8, [("max by (model) (sfp_due_rows) > 0", "{{model}}")]),
    ("For how long the oldest waits", "s", 8, [("max by (model) (sfp_due_lag_seconds) > 0", "{{model}}")]),
    (
        "Tasks, by state",
        "ops",
        8,
        [
            ("sum by (state) (rate(sfp_tasks_total[5m]))", "{{state}}"),
            ("sum(rate(sfp_task_seconds_sum[5m]))", "busy workers"),
        ],
    ),
    (
        "Workers alive, and last signs",
        "none",
        8,
        [("max by (queue) (sfp_workers)", "{{queue}}"), ("max by (what) (sfp_sign_age_seconds < 3600)", "{{what}}, s")],
    ),
    (
        "Mails that wait",
        "none",
        8,
        [("max(sfp_mails_waiting)", "mails"), ("max(sfp_mails_age_seconds)", "oldest, s")],
    ),
    (
        "Database connections",
        "none",
        8,
        [("max(sfp_database_connections)", "used"), ("max(sfp_database_connections_most)", "allowed")],
    ),
    ("Largest tables", "bytes", 12, [("topk(10, max by (table) (sfp_table_bytes))", "{{table}}")]),
    (
        "Rows and partitions",
        "none",
        12,
        [
            ("topk(5, max by (table) (sfp_table_rows))", "{{table}} rows"),
            ("max by (table) (sfp_table_partitions)", "{{table}} partitions"),
        ],
    ),
    ("Versions", "none", 6, [("count by (version) (sfp_version)", "{{version}}")]),
    ("Payments that hold money", "none", 6, [("max by (currency) (sfp_held_payments)", "{{currency}}")]),
)


def panels() -> list[dict[str, Any]]:
    """Laid out from left to right, eight high."""
    found, x, y = [], 0, 0
    for number, (title, unit, width, queries) in enumerate(PANELS, 1):
        if x + width > 24:
            x, y = 0, y + 8
        found.append(
            {
                "id": number,
                "type": "timeseries",
                "title": title,
                "datasource": SOURCE,
                "gridPos": {"x": x, "y": y, "w": width, "h": 8},
                "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
                "targets": [
                    {"refId": chr(65 + at), "expr": expression, "legendFormat": legend, "datasource": SOURCE}
                    for at, (expression, legend) in enumerate(queries)
                ],
            }
        )
        x += width
    return found


def dashboard() -> str:
    """As Grafana imports it; it asks for the source."""
    source = {"name": "source", "label": "Source", "type": "datasource", "query": "prometheus"}
    whole = {
        "uid": "smart-fuel-pass",
        "title": "Smart Fuel Pass",
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [source]},
        "panels": panels(),
    }
    return json.dumps(whole, indent=1) + "\n"


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        return int(not TARGET.exists() or TARGET.read_text() != dashboard())
    TARGET.write_text(dashboard())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
