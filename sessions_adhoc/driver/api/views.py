"""Endpoints of the driver's API: thin, they call `sessions_adhoc.driver.services`."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext, gettext_noop
from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, NotFound, ParseError, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ocpi.server.authentication import source_address
from partners.ground import languages, limiting
from sessions_adhoc.driver import quoting, repeating, services
from sessions_adhoc.driver.api.authentication import ClientKeyAuthentication
from sessions_adhoc.driver.api.serializers import (
    AdHocSessionSerializer,
    LimitSerializer,
    PayOpenSerializer,
    PlaceSerializer,
    QuoteSerializer,
    StartSerializer,
)
from sessions_adhoc.driver.displays.scanning import Scan
from sessions_adhoc.models import AdHocSession, ClientKey

LONGEST_KEY = 255
UNKNOWN = gettext_noop("There is no such session.")


def let_through(wait: int) -> None:
    """Raise `Throttled`, HTTP 429, for whoever has to wait so many seconds."""
    if wait:
        raise Throttled(wait)


def accepted(request: Request | HttpRequest) -> str:
    """The language that a request asks for; "" where it asks for none of ours."""
    return languages.accepted(request.headers.get("Accept-Language", ""))


def problem(text: str, http_status: int, code: str, field: str = "") -> Response:
    more = {"field": field} if field else {}
    return Response({"detail": text, **more, "code": code}, status=http_status)


def key_of(request: Request) -> str:
    """The Idempotency-Key of a request; "" where it has none.

    Raises:
        ValidationError: it is too long.
    """
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > LONGEST_KEY:
        raise ParseError("The Idempotency-Key is longer than 255 characters.")
    return key


class ClientView(APIView):
    """A view for known clients, each of which sees its own sessions only."""

    authentication_classes = [ClientKeyAuthentication]

    def client(self, request: Request) -> ClientKey:
        if not isinstance(request.auth, ClientKey):
            raise NotAuthenticated("Send your client key: Authorization: Bearer sfp_...")
        return request.auth

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer in the language that is asked for."""
        with languages.speaking(accepted(request)):
            return super().dispatch(request, *args, **kwargs)

    def told(self, request: Request, session: AdHocSession, http_status: int = status.HTTP_200_OK) -> Response:
        """The session as it is now; to who asks for no language in the one that its driver speaks."""
        with languages.speaking(accepted(request) or session.locale):
            return Response(AdHocSessionSerializer(session).data, http_status)

    def perform_authentication(self, request: Request) -> None:
        place = limiting.place_of(source_address(request._request))
        let_through(limiting.wait_for(limiting.STRANGERS, place))
        try:
            super().perform_authentication(request)
            self.client(request)
        except (AuthenticationFailed, NotAuthenticated):
            let_through(limiting.hit(limiting.STRANGERS, place))
            raise

    def session(self, request: Request, session_id: UUID) -> AdHocSession:
        found = (
            AdHocSession.objects.select_related("authorization", "evse", "token")
            .filter(pk=session_id, client=self.client(request))
            .first()
        )
        if found is None:
            raise NotFound(gettext(UNKNOWN))
        return found


class AdHocSessionsView(ClientView):
    """Start a session."""

    def post(self, request: Request) -> Response:
        body = StartSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        key = key_of(request)
        let_through(limiting.hit(limiting.CLIENTS, str(self.client(request).pk)))
        try:
            session, created = services.start_session(
                body.start_request(), client=self.client(request), idempotency_key=key
            )
        except services.PriceChanged as error:
            answer = problem(str(error), status.HTTP_409_CONFLICT, error.code, error.field)
            place = body.validated_data
            answer.data["quote"] = QuoteSerializer(
                quoting.quote_at(services.find_evse(place["evse"]), place["connector"])
            ).data
            return answer
        except services.CannotStart as error:
            return problem(str(error), status.HTTP_409_CONFLICT, error.code, error.field)
        except services.IdempotencyConflict as error:
            return problem(str(error), status.HTTP_409_CONFLICT, error.code)
        http_status = status.HTTP_201_CREATED if created else status.HTTP_200_OK
        return self.told(request, session, http_status)


class QuotesView(ClientView):
    """What a driver is offered at a connector."""

    def get(self, request: Request) -> Response:
        place = PlaceSerializer(data=request.query_params)
        place.is_valid(raise_exception=True)
        let_through(limiting.hit(limiting.CLIENTS, str(self.client(request).pk)))
        asked = place.validated_data
        try:
            evse = services.find_evse_for(self.client(request), asked["evse"])
            offered = quoting.quote_at(evse, asked["connector"])
        except services.CannotStart as error:
            return problem(str(error), status.HTTP_404_NOT_FOUND, error.code, error.field)
        try:
            offered["scan"] = quoting.scan_at(evse, Scan(asked["totp"], asked["totp_version"]))
        except services.CannotStart as error:
            return problem(str(error), status.HTTP_409_CONFLICT, error.code, error.field)
        return Response(QuoteSerializer(offered).data)


class AdHocSessionView(ClientView):
    """Read a session."""

    def get(self, request: Request, session_id: UUID) -> Response:
        return self.told(request, self.session(request, session_id))


REFUSED = (
    services.CannotStop,
    services.CannotRelease,
    services.CannotRaise,
    services.CannotPay,
    services.IdempotencyConflict,
)


class EndingView(ClientView):
    """What the verbs of a session share."""

    def end(self, request: Request, session_id: UUID, verb: Callable[[UUID, str, int], AdHocSession]) -> Response:
        client, key = self.client(request), key_of(request)

        def do() -> AdHocSession:
            return verb(session_id, "The driver", client.pk)

        try:
            session = repeating.once(client, key, request.path, request.data, do, session_id)
        except AdHocSession.DoesNotExist:
            raise NotFound(gettext(UNKNOWN)) from None
        except REFUSED as error:
            return problem(str(error), status.HTTP_409_CONFLICT, error.code)
        return self.told(request, session, status.HTTP_202_ACCEPTED)


class StopView(EndingView):
    """Stop charging."""

    def post(self, request: Request, session_id: UUID) -> Response:
        return self.end(request, session_id, services.stop_session)


class LimitView(EndingView):
    """Raise the limit while charging."""

    def post(self, request: Request, session_id: UUID) -> Response:
        body = LimitSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        is_further = values.pop("further_hold")
        if is_further:
            let_through(limiting.hit(limiting.CLIENTS, str(self.client(request).pk)))
        wish = services.PayWish(locale=accepted(request), **values)

        def verb(pk: UUID, actor: str, client: int) -> AdHocSession:
            if is_further:
                return services.add_hold(pk, wish, actor, client)
            return services.request_limit(pk, wish.amount, actor, client)

        return self.end(request, session_id, verb)


class WithdrawView(EndingView):
    """Give up a further hold that waits."""

    def post(self, request: Request, session_id: UUID) -> Response:
        return self.end(request, session_id, services.withdraw_hold)


class PayView(EndingView):
    """Pay what is open after the charge."""

    def post(self, request: Request, session_id: UUID) -> Response:
        body = PayOpenSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        let_through(limiting.hit(limiting.CLIENTS, str(self.client(request).pk)))
        wish = services.PayWish(locale=accepted(request), **body.validated_data)

        def verb(pk: UUID, actor: str, client: int) -> AdHocSession:
            return services.pay_open(pk, wish, actor, client)

        return self.end(request, session_id, verb)


class ReleaseView(EndingView):
    """Let go of what is held for another try."""

    def post(self, request: Request, session_id: UUID) -> Response:
        return self.end(request, session_id, services.release_now)


class CancelView(EndingView):
    """Give up before charging."""

    def post(self, request: Request, session_id: UUID) -> Response:
        return self.end(request, session_id, services.cancel_session)
