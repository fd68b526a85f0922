"""OcpiView: what all our OCPI endpoints do around their one purpose.

Log the request before trusting it; find out who calls; handle; answer in the envelope; complete the log.
Views are written once and mounted per version: `as_view(version=VERSIONS["2.2.1"])`. What a version changes
they read from it.
"""

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ocpi import finishing
from ocpi.envelope import Absent, EnvelopeRenderer, Refusal, StatusCode, envelope
from ocpi.hubs import speaks_for
from ocpi.log import message_log, quirks
from ocpi.log.searching import subject_of_url
from ocpi.receivers import Names
from ocpi.routing import is_offered
from ocpi.server import flooding
from ocpi.server.answer_headers import correlation_headers, routing_headers
from ocpi.server.authentication import (
    Caller,
    TokenAuthentication,
    WrongToken,
    look_up,
    note_found,
    source_address,
    suspension,
)
from ocpi.server.errors import Failure, answer_to_mistake, failure_of, left_out_text
from ocpi.server.handed import handed
from ocpi.server.raw_path import path_of, url_of
from ocpi.server.views.reading import read_json
from ocpi.store import NotFound, Party, Stored
from ocpi.versions import Fault, Lenience, Version
from partners import tokens
from partners.models import Partner

WRITING = ("PUT", "PATCH", "POST")

RENDERER = EnvelopeRenderer()


class OcpiView(APIView):
    """One endpoint.

    Attributes:
        version: set when mounted; None where an endpoint belongs to no version.
        module: its identifier, for the message log.
        functional: it belongs to a functional module, whose answers carry routing headers (OCPI 2.2.1
        §4.1.1). while_registering: a registration token (Token A) is good here.
        unknown_code: OCPI status code for an object that is not there.
    """

    version: Version | None = None
    module: str = ""
    functional = True
    while_registering = False
    unknown_code: int = StatusCode.INVALID

    authentication_classes = [TokenAuthentication]
    permission_classes = []
    renderer_classes = [EnvelopeRenderer]
    http_method_names = ["get", "head", "put", "patch", "post", "delete"]

    caller: Caller | None = None

    # around every request

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.leniences: list[Lenience] = []
        self.faults: tuple[Fault, ...] = ()
        self.objects: list[str] = []
        self.error = ""
        self.partner: Partner | None = None
        self.entrance: Partner | None = None
        self.too_big = False
        try:
            lookup = look_up(request)
            if refused := flooding.over_token_limit(request) or flooding.over_strangers_limit(request, lookup):
                return self._plain(refused)
            self.record = self._open(request, kwargs, lookup)
        except Exception as error:  # noqa: BLE001  (whatever it is, the caller gets an envelope)
            return self._plain(answer_to_mistake(error))
        try:
            response: Any = super().dispatch(request, *args, **kwargs)
            response.render()
        except Exception as error:  # noqa: BLE001  (whatever it is, the caller gets an envelope)
            response = self._plain(answer_to_mistake(error))
            self.error = self.error or repr(error)
        self._finish(response)
        answer: HttpResponse = response
        return answer

    def initialize_request(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> Request:
        """Without the framework's choices: JSON in, JSON out, one scheme."""
        return Request(request, authenticators=self.get_authenticators())

    @property
    def default_response_headers(self) -> dict[str, str]:
        """None: what an answer carries is said in `finalize_response`."""
        return {}

    def _open(
        self, request: HttpRequest, variables: dict[str, Any], lookup: tokens.Lookup | None
    ) -> message_log.Record:
        try:
            self.raw_body = request.body
        except RequestDataTooBig:
            self.too_big, self.raw_body = True, b""
        before = handed(request.META)
        record = message_log.open_message(
            message_log.Exchange(
                message_log.INBOUND,
                request.method or "",
                url_of(request),
                request.headers,
                self.raw_body if not self.too_big else "[too large to be kept]",
                source_address(request),
                version=str(self.version or ""),
                module=self.module,
                subject=subject_of_url(variables),
                at=before.at if before else None,
            ),
            lookup,
        )
        if lookup is not None:
            note_found(request, record.found)
        path = path_of(request)
        if path.endswith("/") or "//" in path:
            self.leniences.append(Lenience("slashes", "", "the URL has a slash too many"))
        elif f"/{self.module}" in path and f"/{self.module}/" not in f"{path}/":
            self.leniences.append(Lenience("slashes", "", f"the URL has no slash after {self.module}"))
        return record

    def _finish(self, response: HttpResponse) -> None:
        self._note_spelling()
        self.record.finish(
            message_log.Outcome(
                http_status=response.status_code,
                ocpi_status=getattr(self, "ocpi_status", None),
                headers=dict(response.items()),
                body=response.content,
                partner=self.partner,
                entrance=self.entrance,
                leniences=self.leniences,
                faults=self.faults,
                objects=self.objects,
                error=self.error,
            )
        )
        if self.leniences and self.partner:
            version = str(self.version or "")
            quirks.note(self.partner, version, self.module, self.leniences, self.record.id, logged=True)

    def _note_spelling(self) -> None:
        """In every version a token is read as it is and in base64 (OCPI 2.2.1 §4.1.1); each wants one of them."""
        encoded = self.caller.encoded if self.caller else None
        if encoded is not None and self.version is not None and encoded != self.version.encodes_token:
            words = "in base64 instead of as it is" if encoded else "as it is instead of in base64"
            self.leniences.append(Lenience("token_encoding", "", f"the header has the token {words}"))

    def _plain(self, failure: Failure) -> HttpResponse:
        """The answer when nothing else works any more."""
        self.ocpi_status = failure.status_code
        body = RENDERER.render(envelope(failure.status_code, message=failure.message))
        return HttpResponse(body, status=failure.http_status, content_type="application/json", headers=failure.headers)

    # before the handler

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.perform_authentication(request)
        if isinstance(request.auth, Caller):
            self.caller, self.partner = request.auth, request.auth.partner
            self.check_scope(request.auth)
        if self.partner and self.partner.connection == self.partner.Connection.SUSPENDED:
            self.check_finishing(self.partner, kwargs)
        if any("\x00" in str(value) for value in kwargs.values()):
            raise Http404
        if self.too_big:
            raise RequestDataTooBig

    def check_scope(self, caller: Caller) -> None:
        """Raise unless the caller may use this endpoint at all."""
        if caller.registering and not self.while_registering:
            raise WrongToken("This token is only good for versions and credentials.", caller.partner)
        if self.version is not None and not is_offered(self.version, caller.partner):
            raise Http404

    def check_finishing(self, partner: Partner, variables: dict[str, Any]) -> None:
        """Raise unless a suspended partner's request is about a charge that is being finished (rule 37)."""
        names = self.about(variables) if self.request.method in WRITING else None
        if names in (None, Names()) or not finishing.passes(partner, names):
            raise suspension(partner)

    def about(self, _variables: dict[str, Any]) -> Names | None:
        """What a request that writes is about; None: not about a charge."""
        return None

    # for handlers

    def body(self) -> Any:
        """Return the JSON body; raises Refusal."""
        return read_json(self.raw_body)

    def the_caller(self) -> Caller:
        """Return who calls. Views that anybody may reach do not use it."""
        assert self.caller is not None
        return self.caller

    def the_version(self) -> Version:
        """Return the version that the view is mounted for."""
        assert self.version is not None
        return self.version

    def party(self, country_code: str, party_id: str) -> Party:
        """Return the party of the URL.

        Raises:
            Refusal: HTTP 404, it is not one of the caller's parties.
        """
        caller, party = self.the_caller(), (country_code.upper(), party_id.upper())
        partner = caller.partner
        if party not in caller.parties and not speaks_for(partner, country_code, party_id):
            message = f"{country_code}*{party_id} is not a party that you registered with us."
            raise Refusal(404, StatusCode.CLIENT_ERROR, message)
        if (country_code, party_id) != party:
            text = f"the URL has {country_code}/{party_id}, which should be written in capitals"
            self.leniences.append(Lenience("lower_case_code", "", text))
        return Party(partner, country_code, party_id, self.the_version())

    def as_they_take_it(self, kind: str, wire: dict[str, Any]) -> dict[str, Any]:
        """An object of ours as the caller takes it: with every optional field, where its library needs them."""
        return self.the_version().with_nulls(kind, wire) if self.the_caller().partner.writes_nulls else wire

    def answer_found(self, data: Any) -> Response:
        """Answer a GET; None is answered with HTTP 404."""
        if data is None:
            raise NotFound("There is no such object.")
        return self.ok(data)

    def note(self, kind: str, party: Party, *ids: str) -> None:
        """Put into the message log what the message was about: `session:SK*ION/S-1`."""
        self.objects.append(f"{kind}:{party.country_code}*{party.party_id}/{'/'.join(ids)}")

    def answer_stored(self, result: Stored[Any], kind: str, party: Party, *ids: str) -> Response:
        """Answer a PUT, PATCH or DELETE: HTTP 201 for what is new; what is older than ours changes nothing."""
        self.leniences += result.leniences
        if ids and not self.the_version().ids_ignore_case:
            names = (getattr(result.row, name, "") for name in ("ocpi_id", "uid", "connector_id"))
            self._note_case(next(filter(None, names), ids[-1]), ids[-1])
        self.note(kind, party, *ids)
        self.faults += result.left_out
        message = "Older than what is stored: nothing was changed." if result.stale else left_out_text(result.left_out)
        return self.ok(status=201 if result.created else 200, message=message)

    def _note_case(self, stored: str, addressed: str) -> None:
        """Ids of 2.1.1 tell capitals apart, but hardly any peer does."""
        if stored != addressed and stored.lower() == addressed.lower():
            text = f"the URL has {addressed}, the object is {stored}"
            self.leniences.append(Lenience("id_case", "", text))

    def ok(
        self,
        data: Any = Absent,
        *,
        status: int = 200,
        message: str = "Success",
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Answer with status code 1000."""
        return self._answer(status, StatusCode.SUCCESS, data, message, headers)

    # after the handler

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, RequestDataTooBig):
            limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            failure = Failure(413, StatusCode.INVALID, f"The body is larger than {limit} bytes.")
        else:
            failure = failure_of(exc, self.unknown_code)
            if failure.http_status == 401 and failure.partner is None:
                failure = self._count_stranger(failure)
        self.faults, self.error = failure.faults, failure.error
        self.partner = self.partner or failure.partner
        self.entrance = self.entrance or failure.entrance
        response = self._answer(failure.http_status, failure.status_code, Absent, failure.message, failure.headers)
        response.exception = True
        if failure.http_status == 405:
            response["Allow"] = ", ".join(self.allowed_methods)
        return response

    def _count_stranger(self, failure: Failure) -> Failure:
        """The refusal of a wrong token, or of one too many."""
        too_many = flooding.count_stranger(self.request._request)
        return replace(too_many, entrance=failure.entrance) if too_many else failure

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = response
        final.accepted_renderer, final.accepted_media_type = RENDERER, RENDERER.media_type
        final.renderer_context = {}
        for name, value in correlation_headers(self.version, request.headers).items():
            final[name] = value
        if self.functional:
            for name, value in routing_headers(self.version, request.headers, self.partner).items():
                final[name] = value
        return final

    def _answer(
        self, http_status: int, status_code: int, data: Any, message: str, headers: dict[str, str] | None
    ) -> Response:
        self.ocpi_status = int(status_code)
        return Response(envelope(status_code, data, message), status=http_status, headers=headers)
