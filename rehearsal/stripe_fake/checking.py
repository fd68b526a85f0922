"""Requests as the official library types them: a parameter that it does not know is refused, as Stripe refuses it."""

import re
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, get_args, get_origin
from urllib.parse import parse_qsl

from stripe import RequestOptions, params
from stripe.params import checkout
from typing_extensions import get_type_hints, is_typeddict

PATH = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
OF_THE_LIBRARY = frozenset(RequestOptions.__annotations__)
UNSEEN: dict[str, Any] = {"UntypedStripeObject": dict, "StripeContext": str, "Mapping": Mapping}
"""Names that the library's annotations use and its modules import for type checkers only."""

KINDS: dict[str, Any] = {
    "checkout.sessions.create": checkout.SessionCreateParams,
    "checkout.sessions.list": checkout.SessionListParams,
    "checkout.sessions.retrieve": checkout.SessionRetrieveParams,
    "checkout.sessions.expire": checkout.SessionExpireParams,
    "payment_intents.create": params.PaymentIntentCreateParams,
    "payment_intents.list": params.PaymentIntentListParams,
    "payment_intents.retrieve": params.PaymentIntentRetrieveParams,
    "payment_intents.confirm": params.PaymentIntentConfirmParams,
    "payment_intents.capture": params.PaymentIntentCaptureParams,
    "payment_intents.cancel": params.PaymentIntentCancelParams,
    "payment_intents.increment_authorization": params.PaymentIntentIncrementAuthorizationParams,
    "refunds.create": params.RefundCreateParams,
    "refunds.list": params.RefundListParams,
    "disputes.list": params.DisputeListParams,
}


class Wrong(Exception):
    """A request that Stripe would refuse: its `error` object, and the HTTP status."""

    def __init__(self, message: str, *, status: int = 400, **error: Any) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": "invalid_request_error", "message": message, **error}


def unexpected(intent: dict[str, Any], verb: str) -> Wrong:
    """What is not to be done with a PaymentIntent any more, or not yet."""
    text = f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}."
    return Wrong(text, code="payment_intent_unexpected_state", payment_intent=dict(intent))


def parsed(text: str) -> dict[str, Any]:
    """Read `a[b][0][c]=v` into dicts; numbered parts become lists. Raises Wrong."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)):
        found = PATH.match(name)
        if found is None:
            raise Wrong(f"Invalid parameter name: {name}", param=name)
        at = tree
        *parents, last = [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]
        for part in parents:
            at = at.setdefault(part, {})
        at[last] = value
    lists: dict[str, Any] = {name: _lists(part) for name, part in tree.items()}
    return lists


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(name.isdigit() or name == "" for name in value):
        return [_lists(part) for _name, part in sorted(value.items(), key=lambda item: int(item[0] or 0))]
    return {name: _lists(part) for name, part in value.items()}


def checked(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with the types that the library gives them. Raises Wrong."""
    return _object(KINDS[kind], given, "")


@cache
def fields_of(kind: Any) -> dict[str, Any]:
    """The parameters of a type of the library's, each with what it may be."""
    names = dict(vars(sys.modules[kind.__module__]))
    hints = get_type_hints(kind, names, UNSEEN)
    return {name: hint for name, hint in hints.items() if name not in OF_THE_LIBRARY}


def _object(kind: Any, given: Any, path: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Wrong(f"Invalid object: {path}", param=path)
    fields = fields_of(kind)
    for name in given:
        if name not in fields:
            where = f"{path}[{name}]" if path else name
            raise Wrong(f"Received unknown parameter: {where}", code="parameter_unknown", param=where)
    for name in kind.__required_keys__ & fields.keys():
        if name not in given:
            where = f"{path}[{name}]" if path else name
            raise Wrong(f"Missing required param: {where}.", code="parameter_missing", param=where)
    return {name: _value(fields[name], part, f"{path}[{name}]" if path else name) for name, part in given.items()}


def _value(hint: Any, given: Any, path: str) -> Any:
    origin = get_origin(hint)
    if is_typeddict(hint):
        return _object(hint, given, path)
    if origin is Literal:
        if given not in get_args(hint):
            raise Wrong(f"Invalid {path}: must be one of {', '.join(map(str, get_args(hint)))}", param=path)
        return given
    if origin is list:
        if not isinstance(given, list):
            raise Wrong(f"Invalid array: {path}", param=path)
        return [_value(get_args(hint)[0], part, f"{path}[{number}]") for number, part in enumerate(given)]
    if origin is dict or hint is dict:
        if not isinstance(given, dict) or not all(isinstance(part, str) for part in given.values()):
            raise Wrong(f"Invalid hash: {path}", param=path)
        return given
    if origin is not None:
        return _one_of(get_args(hint), given, path)
    return _plain(hint, given, path)


def _one_of(hints: tuple[Any, ...], given: Any, path: str) -> Any:
    """Of `Literal[...] | str`, by which the library allows for values of tomorrow, those of today."""
    literals = [hint for hint in hints if get_origin(hint) is Literal]
    known = [hint for hint in hints if not (hint is str and literals and isinstance(given, str))]
    faults: list[Wrong] = []
    for hint in known:
        try:
            return _value(hint, given, path)
        except Wrong as fault:
            faults.append(fault)
    raise faults[0]


def _plain(hint: Any, given: Any, path: str) -> Any:
    if not isinstance(given, str):
        raise Wrong(f"Invalid {path}: must be a value", param=path)
    if hint is int:
        if not re.fullmatch(r"-?\d{1,18}", given):
            raise Wrong(f"Invalid integer: {given}", code="parameter_invalid_integer", param=path)
        return int(given)
    if hint is bool:
        if given not in ("true", "false"):
            raise Wrong(f"Invalid boolean: {given}", param=path)
        return given == "true"
    return given
