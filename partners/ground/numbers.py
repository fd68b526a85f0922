"""Numbers that were stored with four decimals, as people read them."""

from decimal import Decimal


def plain(number: Decimal) -> str:
    """`9.302` for 9.3020, `0` for 0.0000."""
    return f"{number.normalize():f}"


def plain_sum(number: Decimal) -> str:
    """A sum of money has two decimals at least: `5.90` for 5.9000, `0.1234` for 0.1234."""
    return max(plain(number), f"{number:.2f}", key=len)
