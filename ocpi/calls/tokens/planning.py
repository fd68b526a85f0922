"""Which partner is to know which token: the rows of TokenPush.

Long-lived tokens are for every connected partner that receives tokens. A token of one ad-hoc session is not: a
command carries its token, and that need not have been pushed before (OCPI 2.2.1 §13.1). EMAID tokens are never
pushed (OCPI 2.3.0 §12.4.5).
"""

from datetime import datetime, timedelta

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, When
from django.utils import timezone

from ocpi.calls.tokens.queue import hand_out
from ocpi.client import RECEIVER
from ocpi.client.remote import NO_ROLE
from ocpi.models import Token, TokenPush
from partners.models import Partner, RemoteEndpoint

ONE_OFF = Token.Type.AD_HOC_USER
NEVER_PUSHED = ("EMAID",)
BATCH = 1000
# Changes that nobody announced are looked for among the tokens that changed this recently.
LOOK_BACK = timedelta(days=1)


def push_tokens(partner: Partner, again: bool = False) -> int:
    """Have the partner told of every long-lived token that it lacks; return how many are to be sent.

    `again`: also of those that it has, for instance after it lost its data.
    """
    if not _receiving().filter(pk=partner.pk).exists():
        return 0
    count = _plan_missing(partner)
    if again:
        known = TokenPush.objects.filter(partner=partner)
        count += _due_now(known.filter(Q(next_check_at=None)), pushed=None, pushed_raw=None)
    hand_out(partner)
    return count


def token_changed(token: Token) -> int:
    """Have every partner that is to know the token told of its newest state; return how many rows are due."""
    if token.type in NEVER_PUSHED:
        return 0
    if token.type != ONE_OFF:
        partners = _receiving().exclude(token_pushes__token=token)
        _create([_row(partner.pk, token) for partner in partners])
    behind = TokenPush.objects.filter(token=token, wanted__lt=token.last_updated)
    count = _due_now(behind, wanted=token.last_updated)
    if count or token.type != ONE_OFF:
        for partner in Partner.objects.filter(token_pushes__token=token):
            hand_out(partner)
    return count


def push_one_off(partner: Partner, token: Token) -> TokenPush:
    """Have one partner told of one token of any kind, and of what becomes of it later.

    The row's `pushed` says when it is there.
    """
    if token.type in NEVER_PUSHED:
        raise ValueError(f"{token.type} tokens are never pushed.")
    _create([_row(partner.pk, token)])
    _want_newest(TokenPush.objects.filter(token=token, partner=partner))
    hand_out(partner)
    return TokenPush.objects.get(token=token, partner=partner)


def forget_partner(partner: Partner) -> None:
    """The registration ended: whether the partner keeps our tokens is not known any more."""
    TokenPush.objects.filter(partner=partner).delete()


def reconcile(now: datetime) -> int:
    """Plan what nobody announced: tokens and partners that are new, tokens that changed. Return how many rows."""
    count = sum(_plan_missing(partner) for partner in _receiving())
    recent = TokenPush.objects.filter(token__last_updated__gte=now - LOOK_BACK)
    return count + _want_newest(recent)


def _receiving() -> QuerySet[Partner]:
    """Connected partners that receive tokens in the version in use."""
    endpoints = RemoteEndpoint.objects.filter(
        partner=OuterRef("pk"), version=OuterRef("version"), module="tokens", role__in=(RECEIVER, NO_ROLE)
    )
    return Partner.objects.filter(Exists(endpoints), connection=Partner.Connection.CONNECTED)


def _plan_missing(partner: Partner) -> int:
    known = TokenPush.objects.filter(partner=partner, token=OuterRef("pk"))
    long_lived = ~Q(type=ONE_OFF) & ~Q(type__in=NEVER_PUSHED)
    missing = Token.objects.filter(long_lived, ~Exists(known)).order_by("pk")
    count = 0
    while tokens := list(missing[:BATCH]):
        _create([_row(partner.pk, token) for token in tokens])
        count += len(tokens)
    return count


def _row(partner_id: int, token: Token) -> TokenPush:
    return TokenPush(partner_id=partner_id, token=token, wanted=token.last_updated, next_check_at=timezone.now())


def _create(rows: list[TokenPush]) -> None:
    """Whoever else plans the same row at this moment does no harm."""
    TokenPush.objects.bulk_create(rows, ignore_conflicts=True)


def _want_newest(rows: QuerySet[TokenPush]) -> int:
    """Make those rows due whose token has changed since they were planned."""
    behind = list(rows.filter(token__last_updated__gt=F("wanted")).values_list("pk", "token__last_updated"))
    return sum(_due_now(TokenPush.objects.filter(pk=pk), wanted=moment) for pk, moment in behind)


def _due_now(rows: QuerySet[TokenPush], **values: object) -> int:
    """Set columns and make rows due, but for those in a worker's hands: it looks at `wanted` when it is done."""
    now = timezone.now()
    moment = Case(When(held=True, next_check_at__gt=now, then=F("next_check_at")), default=now)
    return rows.update(next_check_at=moment, **values)
