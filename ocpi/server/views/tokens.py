"""Tokens: we are the sender (OCPI 2.2.1 §12.2.1)."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from ocpi.envelope import Refusal
from ocpi.routing import module_url
from ocpi.server.pagination import page
from ocpi.server.views.base import OcpiView
from ocpi.store.tokens import find_token, token_object, token_wire, tokens_for
from ocpi.versions import Lenience
from ocpi.versions.v2_2_1.tokens import AuthorizationInfo

ALLOWED, BLOCKED = "ALLOWED", "BLOCKED"


class TokensView(OcpiView):
    """GET: our tokens in pages, oldest first (§12.2.1.1)."""

    module = "tokens"

    def get(self, request: Request) -> Response:
        version, partner = self.the_version(), self.the_caller().partner
        url = module_url(partner, version, self.module)
        tokens = page(tokens_for(partner), request.query_params, url)
        self.leniences += tokens.leniences
        data = [self.as_they_take_it("token", token_wire(token, version)) for token in tokens.rows]
        return self.ok(data, headers=tokens.headers)


class AuthorizeView(OcpiView):
    """POST: may the holder of this token charge now (§12.2.1.2)?"""

    module = "tokens"

    def post(self, request: Request, token_uid: str) -> Response:
        version = self.the_version()
        references = self._references()
        # 2.1.1 calls the parameter both names.
        asked = request.query_params.get("type") or request.query_params.get("token_type")
        token, despite_type = find_token(self.the_caller().partner, token_uid, asked, version)
        if token is None:
            raise Refusal(404, version.unknown_token_code, f"There is no token {token_uid!r}.")
        if despite_type:
            text = f"no type means RFID; this token is {token.type}"
            self.leniences.append(Lenience("token_type", "type", text))
        self.objects.append(f"token:{token.uid}")
        answer = AuthorizationInfo(
            allowed=ALLOWED if token.valid else BLOCKED,
            token=token_object(token),
            location=references,
        )
        return self.ok(self.as_they_take_it(answer.kind, version.dump(answer)))

    def _references(self) -> Any:
        """The place that the driver asks for, if it is told; a body is optional."""
        if not self.raw_body.strip():
            return None
        parsed = self.the_version().parse("location_references", self.body())
        self.leniences += parsed.leniences
        return parsed.obj
