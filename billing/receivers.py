"""Who wants to know when a payment authorization changes.

News goes up by registration: billing knows nothing of what is paid for. The app above registers in its
`AppConfig.ready()`.
"""

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from billing.models import PaymentAuthorization
from partners.ground.writes import Writes


class Owner(Protocol):
    """What is paid for, with its rows locked, and its authorization with them."""

    @property
    def payment(self) -> PaymentAuthorization:
        """The authorization, locked after the owner's own rows."""

    @property
    def writes(self) -> Writes:
        """Where the change of the authorization is put, for the owner to write with rows of its own."""

    def payment_changed(self) -> None:
        """It has changed: as for a receiver, which is told after the owner has written."""


Receiver = Callable[[PaymentAuthorization], None]
Locker = Callable[[str], object]

_receivers: list[Receiver] = []
_lockers: list[Locker] = []
_owners: list[Callable[[str], Owner | None]] = []

on_owned = _owners.append
"""Register `lock(reference)`, which locks the owner of an authorization and returns it, or None where it has none: as
`on_authorization_changed` with `lock_first`, for an owner whose rows are read once and used for both."""


def on_authorization_changed(func: Receiver, *, lock_first: Locker | None = None) -> Receiver:
    """Call `func(authorization)` after each change that the gateway's answer or the clock brought about.

    Called inside the transaction that records the change, with the row locked: both are kept or neither. Set
    a clock there, and enqueue work with `transaction.on_commit`; no I/O. An exception undoes the recording,
    and the gateway is asked again after the lease. Besides changes of state it reports two warnings without
    one: a reservation that expires soon (`expiry_warned_at` set) and a capture or release that does not come
    through (`billing.payments.services.is_stuck`).

    `lock_first(reference)` is called before the authorization is locked. Whoever locks rows of its own in
    `func` must lock them here, because the verbs of `billing.payments.services` are called with those rows locked
    already: the order is always the owner's row first, then the authorization.
    """
    if func not in _receivers:
        _receivers.append(func)
        if lock_first is not None:
            _lockers.append(lock_first)
    return func


def forget(func: Receiver, *, lock_first: Locker | None = None) -> None:
    """Undo `on_authorization_changed`."""
    _receivers.remove(func)
    if lock_first is not None:
        _lockers.remove(lock_first)


class OwnerChanged(Exception):
    """The authorization has another reference by now, and so another owner: its rows have to be locked first."""


def lock_with_owner(authorization_id: UUID, reference: str) -> tuple[PaymentAuthorization, Owner | None]:
    """Let the owner of `reference`, as the authorization was last read, lock its rows, then lock it; return both.

    Raises:
        OwnerChanged: give the locks back, and come with its reference of now.
    """
    for lock in _lockers:
        lock(reference)
    owner = next(filter(None, (lock(reference) for lock in _owners)), None)
    row = owner.payment if owner else PaymentAuthorization.objects.select_for_update().get(pk=authorization_id)
    if row.pk != authorization_id or row.reference != reference:
        raise OwnerChanged(str(authorization_id))
    return row, owner


def authorization_changed(authorization: PaymentAuthorization, owner: Owner | None) -> None:
    """Tell everybody, the owner first."""
    if owner is not None:
        owner.payment_changed()
    for receive in _receivers:
        receive(authorization)
