"""Finding rows by what people are told: ids, whole or their beginning. All of it uses indexes."""

from uuid import UUID

from django.db.models import Q

HEX = frozenset("0123456789abcdef")
SHORTEST, LONGEST = 4, 32


def ids_starting_with(text: str, field: str = "pk") -> Q:
    """Rows whose UUID begins with `text`, of four characters or more; none where it cannot be the beginning of one."""
    digits = text.strip().lower().replace("-", "")
    if not SHORTEST <= len(digits) <= LONGEST or not HEX.issuperset(digits):
        return Q(pk__in=[])
    first, last = UUID(digits.ljust(LONGEST, "0")), UUID(digits.ljust(LONGEST, "f"))
    return Q(**{f"{field}__gte": first, f"{field}__lte": last})
