"""URLs below the other side's endpoints."""

from urllib.parse import quote


def join(url: str, *segments: str) -> str:
    """Append path segments, percent-encoded, with exactly one slash between."""
    return "/".join((url.rstrip("/"), *(quote(segment, safe="") for segment in segments)))
