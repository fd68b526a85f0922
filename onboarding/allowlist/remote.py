"""The IP list at Cloudflare, through the official library. Every call has a timeout, and fails in words.

Changes there are asynchronous: a request answers with the id of an operation, and an account has one at a time.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings

PAGE = 500
MOST_TEXT = 300


class RemoteFailed(Exception):
    """Cloudflare refused, or could not be reached; the text says which."""


@dataclass(frozen=True)
class Item:
    """One entry of the list."""

    id: str
    network: str
    comment: str


@dataclass(frozen=True)
class Operation:
    """An asynchronous change. `over`: it has ended; `error`: why it failed, if it did."""

    over: bool
    error: str = ""


class RemoteList:
    """The configured list."""

    def __init__(self) -> None:
        import cloudflare  # half a second, which only who uses it should wait for

        self.client = cloudflare.Cloudflare(
            api_token=settings.CLOUDFLARE_API_TOKEN,
            base_url=settings.CLOUDFLARE_API_URL,
            timeout=settings.CLOUDFLARE_TIMEOUT,
            max_retries=0,  # the deadline column tries again
        )
        self.account_id, self.list_id = settings.CLOUDFLARE_ACCOUNT_ID, settings.CLOUDFLARE_LIST_ID

    def __enter__(self) -> "RemoteList":
        return self

    def __exit__(self, *_error: object) -> None:
        self.client.close()

    def items(self) -> list[Item]:
        """Everything on the list, whoever put it there."""
        with _in_words("The list could not be read"):
            found = self.client.rules.lists.items.list(self.list_id, account_id=self.account_id, per_page=PAGE)
            return [
                Item(row.id, str(ip), row.comment or "")
                for row in found
                if (ip := getattr(row, "ip", None)) is not None
            ]

    def add(self, networks: Iterable[tuple[str, str]]) -> str:
        """Add (network, comment) pairs; return the id of the operation."""
        body: list[Any] = [{"ip": network, "comment": comment} for network, comment in networks]
        with _in_words("Networks could not be added"):
            made = self.client.rules.lists.items.create(
                self.list_id,
                account_id=self.account_id,
                body=body,
            )
            return made.operation_id

    def remove(self, ids: Iterable[str]) -> str:
        """Delete items by id; return the id of the operation."""
        with _in_words("Networks could not be removed"):
            made = self.client.rules.lists.items.delete(
                self.list_id, account_id=self.account_id, items=[{"id": one} for one in ids]
            )
            return made.operation_id

    def operation(self, operation_id: str) -> Operation:
        """How far an operation is."""
        with _in_words("The last change could not be looked up"):
            found = self.client.rules.lists.bulk_operations.get(operation_id, account_id=self.account_id)
        return Operation(found.status in ("completed", "failed"), getattr(found, "error", "") or "")


@contextmanager
def _in_words(doing: str) -> Iterator[None]:
    """Every failure of the library as one of ours, without anything that a header held."""
    import cloudflare

    try:
        yield
    except cloudflare.APITimeoutError as error:
        raise RemoteFailed(f"{doing}: Cloudflare did not answer in time.") from error
    except cloudflare.APIConnectionError as error:
        raise RemoteFailed(f"{doing}: Cloudflare cannot be reached.") from error
    except cloudflare.APIStatusError as error:
        told = "; ".join(str(one.message) for one in error.errors)[:MOST_TEXT] or "no reason given"
        raise RemoteFailed(f"{doing}: HTTP {error.status_code}, {told}.") from error
    except cloudflare.CloudflareError as error:
        raise RemoteFailed(f"{doing}: {type(error).__name__}.") from error
