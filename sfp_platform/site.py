"""The admin site's frame: environment label and sidebar."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def environment_label(_request: HttpRequest) -> list[str]:
    """The badge beside the title: support must see at a glance whether money is real."""
    return ["Production", "danger"] if settings.PRODUCTION else ["Development", "info"]


def navigation(_request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar, grouped as support works."""
    return []
