"""The path as it was sent. An encoded slash (`%2F`) belongs to an id and separates nothing.

WSGI hands over the decoded path, in which nobody can tell the two. Our web server keeps the other one beside it.
"""

from typing import Any
from urllib.parse import unquote

from django.http import HttpRequest
from django.urls import ResolverMatch

RAW_PATH = "sfp.raw_path"
ENCODED_SLASH = "%2f"


def path_of(request: HttpRequest) -> str:
    """Return the path to find the view by: as it was sent, where it has an encoded slash; else the decoded one."""
    raw = str(request.META.get(RAW_PATH, ""))
    return raw if ENCODED_SLASH in raw.lower() else request.path_info


def url_of(request: HttpRequest) -> str:
    """Return path and query as the message log keeps them."""
    if (path := path_of(request)) == request.path_info:
        return request.get_full_path()
    query = request.META.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path


def variables(request: HttpRequest, match: ResolverMatch) -> dict[str, Any]:
    """Return what the URL's variables stand for, found by `path_of`."""
    if path_of(request) == request.path_info:
        return match.kwargs
    return {name: unquote(value) if isinstance(value, str) else value for name, value in match.kwargs.items()}
