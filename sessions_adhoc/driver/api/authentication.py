"""Client keys: `Authorization: Bearer sfp_...`."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from sessions_adhoc.driver.clients import find_client
from sessions_adhoc.models import ClientKey


class ClientKeyAuthentication(BaseAuthentication):
    """Finds the client of a key; a missing or unknown key is 401."""

    def authenticate(self, request: Request) -> tuple[None, ClientKey] | None:
        scheme, _, key = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return None
        client = find_client(key.strip())
        if client is None:
            raise AuthenticationFailed("This client key is unknown or revoked.")
        return None, client

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
