"""Tokens module (OCPI 2.3.0 §12)."""

from typing import Annotated

from ocpi.versions.enums import OneOf, TokenType
from ocpi.versions.v2_2_1 import tokens


class Token(tokens.Token):
    """Token (§12.3.2)."""

    type: Annotated[str, OneOf(TokenType, open=True)]


class AuthorizationInfo(tokens.AuthorizationInfo):
    """AuthorizationInfo (§12.3.1)."""

    token: Token
