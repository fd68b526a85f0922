"""Everything under /ocpi/ that is no endpoint: answered as OCPI answers, and logged, so that support can see
it.
"""

from typing import Any

from django.http import Http404, HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response

from ocpi.authentication import WrongToken, identify
from ocpi.views.base import OcpiView


class UnknownUrlView(OcpiView):
    """HTTP 404 to anybody: who calls a wrong URL has to hear that, even with a wrong token."""

    def perform_authentication(self, request: Request) -> None:
        http_request: HttpRequest = request._request
        try:
            self.partner = identify(http_request).partner
        except WrongToken as error:
            self.partner = error.partner

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        raise Http404

    put = patch = post = delete = get
