"""How values look in the admin: badges, links, moments, money, JSON. All of it escapes what it is given."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from partners.ground.moments import clock_time as clock_time
from partners.ground.moments import in_our_zone as in_our_zone

NEUTRAL, INFO, SUCCESS, WARNING, DANGER = "neutral", "info", "success", "warning", "danger"
NOTHING = "-"
# States mean the same wherever they occur, so they look the same everywhere.
TONES = {
    **dict.fromkeys(("active", "connected", "succeeded", "answered", "captured", "settled", "charging"), SUCCESS),
    **dict.fromkeys(("scheduled", "due", "running", "sending", "created", "pending"), INFO),
    **dict.fromkeys(("failed", "unanswered", "undelivered", "escalated"), DANGER),
    **dict.fromkeys(("suspended", "not_connected"), WARNING),
}
MINUTE, HOUR, DAY = 60, 3600, 86_400


def badge(text: object, tone: str = NEUTRAL) -> SafeString:
    """A word on a coloured ground. The word alone must say it: colour only helps the eye."""
    return format_html('<span class="sfp-badge sfp-{}">{}</span>', tone, text)


def nowrap(text: object) -> SafeString:
    """Text that stays on one line."""
    return format_html('<span class="sfp-nowrap">{}</span>', text)


def state_badge(row: Any) -> SafeString:
    """The badge of a row's `state`."""
    return badge(row.get_state_display(), TONES.get(row.state, NEUTRAL))


def code(text: object) -> SafeString | str:
    """An id or another text of machines."""
    return format_html('<code class="sfp-code">{}</code>', text) if text else NOTHING


def lines(items: Iterable[object]) -> SafeString | str:
    """One under the other."""
    shown = format_html_join("", "<div>{}</div>", ((item,) for item in items))
    return shown or NOTHING


def url_of(model: type[Model], pk: object, page: str = "change") -> str:
    """The admin page of a row; empty where the model has none."""
    options = model._meta
    try:
        name = f"{admin.site.name}:{options.app_label}_{options.model_name}_{page}"
        return reverse(name, args=[pk] if pk is not None else [])
    except NoReverseMatch:
        return ""


def link(row: Model | None, text: object = "") -> SafeString | str:
    """A link to the admin page of `row`."""
    if row is None:
        return NOTHING
    return anchor(url_of(type(row), row.pk), text or row)


def partner_link(row: Any) -> SafeString | str:
    """The partner of `row`, by name and, of a test system, its environment."""
    return anchor(url_of(type(row.partner), row.partner.pk), row.partner.label) if row.partner else NOTHING


def anchor(url: str, text: object) -> SafeString:
    """A link, or plain text where there is nowhere to go."""
    if not url:
        return format_html("{}", text)
    return format_html('<a class="sfp-link" href="{}">{}</a>', url, text)


def list_url(model: type[Model], **filters: str | int) -> str:
    """The list of `model` with these filters set."""
    return f"{url_of(model, None, 'changelist')}?{urlencode(filters)}"


def short_time(moment: datetime) -> str:
    """`19:15:03` today, `22 Nov 19:15` else."""
    local = timezone.localtime(moment)
    today = local.date() == timezone.localdate()
    return local.strftime("%H:%M:%S" if today else "%-d %b %H:%M")


def duration(seconds: float) -> str:
    """`45 s`, `3 min`, `2 h 5 min`, `4 d 2 h`."""
    whole = int(abs(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    if whole < DAY:
        hours, rest = divmod(whole, HOUR)
        return f"{hours} h {rest // MINUTE} min" if rest >= MINUTE else f"{hours} h"
    days, rest = divmod(whole, DAY)
    return f"{days} d {rest // HOUR} h" if rest >= HOUR else f"{days} d"


def ago(moment: datetime | None) -> SafeString | str:
    """`3 min ago`, with the exact time under the mouse."""
    if moment is None:
        return NOTHING
    seconds = (timezone.now() - moment).total_seconds()
    words = f"{duration(seconds)} ago" if seconds >= 0 else f"in {duration(seconds)}"
    return format_html('<span class="sfp-nowrap" title="{}">{}</span>', clock_time(moment), words)


def at(moment: datetime | None) -> SafeString | str:
    """The time of day, or day and time, with the exact one under the mouse."""
    if moment is None:
        return NOTHING
    return format_html('<span class="sfp-nowrap" title="{}">{}</span>', clock_time(moment), short_time(moment))


def countdown(moment: datetime | None) -> SafeString | str:
    """The time left until `moment`, counting down in the browser."""
    if moment is None:
        return NOTHING
    left = (moment - timezone.now()).total_seconds()
    words = f"in {duration(left)}" if left > 0 else "due now"
    template = '<span class="sfp-nowrap" data-countdown="{}" title="{}">{}</span>'
    return format_html(template, moment.isoformat(), clock_time(moment), words)


def json_text(value: Any) -> str:
    """JSON with indents. Text that is no JSON stays as it is."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def json_block(value: Any, title: str = "Raw JSON", *, is_open: bool = False) -> SafeString | str:
    """Pretty-printed JSON that folds away."""
    if value in (None, "", [], {}):
        return NOTHING
    template = '<details class="sfp-json"{}><summary>{}</summary><pre>{}</pre></details>'
    return format_html(template, SafeString(" open") if is_open else "", title, json_text(value))


def fact_list(facts: Mapping[str, object]) -> SafeString:
    """Names and values, in two columns."""
    rows = ((name, value) for name, value in facts.items() if value not in (None, ""))
    return format_html('<dl class="sfp-facts">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", rows))
