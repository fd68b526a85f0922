"""Lists: whether they can be read, and whether paging and the date filters work."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.utils import timezone

from ocpi.client import CallFailed
from ocpi.sync.paging import next_url
from ocpi.versions.times import format_timestamp
from onboarding.connection_check.case import Case, Finding, Problems, failed, not_applicable, passed
from onboarding.connection_check.look import Look
from onboarding.connection_check.moments import read_moment
from onboarding.connection_check.scene import Scene

THEME = "Lists"
FEW = 2  # objects per page where paging is tried
# How far back Sessions and CDRs are looked at; GET sessions requires a date_from (OCPI 2.2.1 §9.2.1.1.1).
BACK = timedelta(days=30)
OF_LATE = ("sessions", "cdrs")


def since(module: str) -> dict[str, str]:
    """The filter that every question for this list carries."""
    return {"date_from": format_timestamp(timezone.now() - BACK)} if module in OF_LATE else {}


def ask(scene: Scene, module: str, **params: Any) -> Look:
    """GET the list, filtered as usual unless `params` say otherwise."""
    return scene.ask(scene.url_of(module), module, params={**since(module), **params})


def pages(scene: Scene, module: str, most: int, **params: Any) -> Iterator[Look]:
    """The pages of a list, by Link, or by offset where there is none; `most` at most, and none after a failed one."""
    count, look = 0, ask(scene, module, limit=settings.OCPI_PAGE_LIMIT, **params)
    for page in range(most):
        yield look
        count += len(look.items or [])
        target, left = _following(scene, module, look), left_of(look, count)
        if page + 1 == most or not look.items or (target is None and not left):
            return
        if target is not None:
            look = scene.ask(target, module)
        else:
            look = ask(scene, module, limit=settings.OCPI_PAGE_LIMIT, offset=count, **params)


def left_of(look: Look, count: int) -> int:
    """How many objects X-Total-Count says there are beyond those `count`."""
    total = _number(look, "X-Total-Count")
    return max(total - count, 0) if total is not None else 0


def _following(scene: Scene, module: str, look: Look) -> str | None:
    try:
        return next_url(look.headers, look.message.url if look.message else look.url, scene.url_of(module))
    except CallFailed:
        return None


def readable(scene: Scene, module: str) -> Finding:
    """GET of the list works at all."""
    if not scene.is_connected:
        return not_applicable("Modules can be asked once the handshake is done.")
    if not scene.url_of(module):
        return not_applicable("Not offered. It is optional.")
    look = ask(scene, module, limit=FEW)
    if look.items is None:
        return failed(look.why or "Their answer has no list in data.", look)
    total = _number(look, "X-Total-Count")
    count = f"{total} in all" if total is not None else f"{len(look.items)} in the first answer"
    return passed(f"The list can be read: {count}{' (of the last 30 days)' if module in OF_LATE else ''}.", look)


def _number(look: Look, header: str) -> int | None:
    text = str(look.headers.get(header, "")).strip()
    return int(text) if text.isascii() and text.isdigit() else None


def paging(scene: Scene, module: str) -> Finding:
    """`limit`, `offset`, `X-Total-Count`, `X-Limit` and `Link` on a page of two."""
    first = ask(scene, module, limit=FEW)
    if first.items is None:
        return failed(first.why or "Their answer has no list in data.", first)
    problems = Problems([first])
    total, size = _number(first, "X-Total-Count"), len(first.items)
    if total is None:
        problems.warn("X-Total-Count is missing or no number.")
    elif total < size:
        problems.warn(f"X-Total-Count is {total}, but {size} objects came.")
    if _number(first, "X-Limit") is None:
        problems.warn("X-Limit is missing or no number.")
    if size > FEW:
        problems.warn(f"With limit={FEW} {size} objects came: limit is ignored.")
        return problems.finding("")
    if size < FEW or total == FEW:
        return problems.finding(f"Headers are right; with {size} objects there is no second page to look at.")
    _second_page(scene, module, first, total, problems)
    return problems.finding(
        f"Two pages of {FEW}, by Link and by offset, are as they should be; {total} objects in all."
    )


def _second_page(scene: Scene, module: str, first: Look, total: int | None, problems: Problems) -> None:
    """The next page as Link leads to it, beside the one that offset leads to."""
    by_offset = ask(scene, module, limit=FEW, offset=FEW)
    problems.looks.append(by_offset)
    offset_works = bool(by_offset.items) and by_offset.items != first.items
    linked = _follow(scene, module, first, problems)
    if by_offset.items == [] and linked is None and total is None:
        return  # there was no second page
    if linked is None:
        if total is None or not offset_works:
            problems.fail("There is no usable Link to the next page: we would never see what is on it.")
        else:
            problems.warn("There is no usable Link to the next page. We page by offset.")
    elif linked.items == first.items:
        problems.fail("Link leads to the same page again.")
    elif linked.items is None:
        problems.fail(f"The page that Link leads to cannot be read. {linked.why}")
    elif offset_works and linked.items != by_offset.items:
        problems.warn("Link and offset lead to different objects.")
    if not offset_works and linked is not None:
        problems.warn(
            f"offset={FEW} is ignored." if by_offset.items == first.items else f"offset={FEW}: {by_offset.why}"
        )


def _follow(scene: Scene, module: str, first: Look, problems: Problems) -> Look | None:
    try:
        target = next_url(first.headers, first.message.url if first.message else first.url, first.url)
    except CallFailed as failure:
        problems.warn(failure.sentence)
        return None
    if target is None:
        return None
    look = scene.ask(urljoin(first.url, target), module)
    problems.looks.append(look)
    return look


def dates(scene: Scene, module: str) -> Finding:
    """`date_from` (inclusive) and `date_to` (exclusive) around an object's own `last_updated`."""
    listed = ask(scene, module, limit=FEW)
    stamps = [moment for item in listed.items or [] if (moment := _last_updated(item)) is not None]
    if not stamps:
        return not_applicable("There is no object with a readable last_updated in the list.", listed)
    problems, stamp = Problems([listed]), max(stamps)
    tomorrow = timezone.now() + timedelta(days=1)
    from_it = _filter(scene, module, {"date_from": format_timestamp(stamp)}, problems)
    before_it = _filter(scene, module, {"date_to": format_timestamp(stamp)}, problems)
    later = _filter(scene, module, {"date_from": format_timestamp(tomorrow)}, problems)
    if from_it is not None and not from_it:
        problems.fail("date_from leaves out an object that was updated at that very moment: it is inclusive.")
    if later or any(moment < stamp for moment in from_it or []):
        problems.warn("date_from is ignored: objects came that were not updated since.")
    if any(moment >= stamp for moment in before_it or []):
        problems.warn("date_to is ignored: objects came that were updated at that moment or later.")
    return problems.finding(f"Asked around {format_timestamp(stamp)}: what was updated since came, and nothing else.")


def _filter(scene: Scene, module: str, params: Mapping[str, str], problems: Problems) -> list[datetime] | None:
    """The `last_updated` of what came; None where nothing readable did."""
    look = ask(scene, module, limit=FEW, **params)
    problems.looks.append(look)
    if look.items is None:
        names = " and ".join(params)
        problems.fail(f"A list with {names} cannot be read. {look.why}")
        return None
    return [moment for item in look.items if (moment := _last_updated(item)) is not None]


def _last_updated(item: Any) -> datetime | None:
    return read_moment(item.get("last_updated"))[0] if isinstance(item, dict) else None


_CHANGE_LIST = {
    "sessions": "Offer GET /sessions with date_from. When a Session is not pushed in time we ask for it there; without "
    "an answer the driver's funds stay reserved and we call you.",
}
_CHANGE_PAGING = (
    "Answer every list in pages: honour limit and offset, and send X-Total-Count (objects in all), X-Limit (objects "
    'per page at most) and, but for the last page, Link: <URL of the next page>; rel="next".'
)
_CHANGE_DATES = (
    "Filter by last_updated: date_from includes the moment itself, date_to does not. We ask for what changed since the "
    "last time; what a filter leaves out is not seen."
)


def cases_of(module: str, title: str) -> tuple[Case, ...]:
    """The cases of one list."""
    listed = f"{module}.list"
    general = (
        f"Answer GET {module} with HTTP 200, an envelope, and a list in data: an empty one where there is nothing."
    )
    return (
        Case(
            listed,
            THEME,
            f"GET {module}",
            "guide §5.4" if module == "sessions" else module,
            _CHANGE_LIST.get(module, general),
            partial(readable, module=module),
            needs=(f"module.{module}",),
        ),
        Case(
            f"{module}.paging",
            THEME,
            f"{title}: paging",
            "pagination",
            _CHANGE_PAGING,
            partial(paging, module=module),
            (listed,),
        ),
        Case(
            f"{module}.dates",
            THEME,
            f"{title}: date filters",
            "pagination",
            _CHANGE_DATES,
            partial(dates, module=module),
            (listed,),
        ),
    )
