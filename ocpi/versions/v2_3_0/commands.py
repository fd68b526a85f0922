"""Commands module (OCPI 2.3.0 §13)."""

from ocpi.versions.v2_2_1 import commands
from ocpi.versions.v2_3_0.tokens import Token


class StartSession(commands.StartSession):
    """StartSession (§13.3.5)."""

    token: Token


class ReserveNow(commands.ReserveNow):
    """ReserveNow (§13.3.4)."""

    token: Token
