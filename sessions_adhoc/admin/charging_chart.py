"""The meter readings of a session as a chart: energy and power over time."""

import json
from collections.abc import Sequence

from django.utils import timezone

from sessions_adhoc.models import Sample

MOST_POINTS = 120
AXIS = {"border": {"width": 0}, "beginAtZero": True, "grid": {"lineWidth": 0.5}}
OPTIONS = {
    "animation": False,
    "responsive": True,
    "maintainAspectRatio": False,
    "interaction": {"mode": "index", "intersect": False},
    "elements": {"point": {"radius": 0, "hitRadius": 8}, "line": {"borderWidth": 2}},
    "plugins": {"legend": {"align": "end", "labels": {"boxWidth": 8, "boxHeight": 8, "usePointStyle": True}}},
    "scales": {
        "x": {"grid": {"display": False}, "ticks": {"maxTicksLimit": 8, "maxRotation": 0}},
        "y": {**AXIS, "title": {"display": True, "text": "kWh"}},
        "power": {**AXIS, "position": "right", "grid": {"display": False}, "title": {"display": True, "text": "kW"}},
    },
}


def chart(samples: Sequence[Sample]) -> dict[str, str]:
    """`data` and `options` for Unfold's chart; empty where there are less than two readings that count."""
    counted = [sample for sample in samples if not sample.ignored and (sample.kwh is not None or sample.kw is not None)]
    if len(counted) < 2:
        return {}
    shown = _thin_out(counted)
    data = {
        "labels": [timezone.localtime(sample.at).strftime("%H:%M:%S") for sample in shown],
        "datasets": [
            {
                "label": "kWh",
                "data": [float(sample.kwh) if sample.kwh is not None else None for sample in shown],
                "borderColor": "var(--color-primary-600)",
                "backgroundColor": "var(--color-primary-600)",
                "spanGaps": True,
            },
            {
                "label": "kW",
                "data": [float(sample.kw) if sample.kw is not None else None for sample in shown],
                "borderColor": "#3b82f6",
                "backgroundColor": "#3b82f6",
                "yAxisID": "power",
                "spanGaps": True,
            },
        ],
    }
    return {"data": json.dumps(data), "options": json.dumps(OPTIONS)}


def _thin_out(samples: list[Sample]) -> list[Sample]:
    """At most so many that a line can show them, first and last included."""
    step = -(-len(samples) // MOST_POINTS)
    kept = samples[::step]
    return kept if kept[-1] is samples[-1] else [*kept, samples[-1]]
