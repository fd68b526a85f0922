"""Who wants to know when a payment authorization changes.

News goes up by registration: billing knows nothing of what is paid for. The app above registers in its
`AppConfig.ready()`.
"""

from collections.abc import Callable

from billing.models import PaymentAuthorization

Receiver = Callable[[PaymentAuthorization], None]
Locker = Callable[[str], object]

_receivers: list[Receiver] = []
_lockers: list[Locker] = []


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


def lock_owner(reference: str) -> None:
    """Let the owner of `reference` lock its row, before the authorization is locked."""
    for lock in _lockers:
        lock(reference)


def authorization_changed(authorization: PaymentAuthorization) -> None:
    """Tell everybody."""
    for receive in _receivers:
        receive(authorization)
