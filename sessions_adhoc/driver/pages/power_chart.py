"""The power of a charge over time, as the points of a line."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext

from partners.ground import languages
from sessions_adhoc.models import AdHocSession, Sample

WIDTH, HEIGHT = 300, 60
READ, SHOWN = 480, 60
"""The newest readings that are looked at, and the points that a phone can show."""


def power_chart(session: AdHocSession) -> dict[str, str]:
    """`chart`: the points of a polyline in a field of 300 by 60; `chart_text`: what it shows. Empty without a line."""
    rows = Sample.objects.filter(attempt__session=session, ignored="").exclude(kw=None)
    readings = list(rows.order_by("-attempt__number", "-id").values_list("at", "kw")[:READ])[::-1]
    first, last = (readings[0][0], readings[-1][0]) if len(readings) > 1 else (None, None)
    top = max((kw for _, kw in readings if kw is not None), default=Decimal(0))
    if first is None or last is None or last <= first or top <= 0:
        return {"chart": "", "chart_text": ""}
    span = (last - first).total_seconds()
    points = []
    for at, kw in _thinned(readings):
        x = WIDTH * min(max((at - first).total_seconds() / span, 0), 1)
        points.append(f"{x:.1f},{HEIGHT - HEIGHT * float(kw / top):.1f}")
    text = gettext("Power so far, at most {kw} kW").format(kw=languages.number(top, 0, 1))
    return {"chart": " ".join(points), "chart_text": text}


def _thinned(readings: list[Any]) -> list[Any]:
    """At most so many that a line can show, the newest among them."""
    step = -(-len(readings) // SHOWN)
    return readings[::-1][::step][::-1]
