"""Everything under /ocpi/ that is no endpoint: answered as OCPI answers, and logged, so that support sees it."""

from typing import Any

from django.http import Http404
from rest_framework.request import Request

from ocpi.server.authentication import WrongToken, identify
from ocpi.server.views.base import OcpiView


class UnknownUrlView(OcpiView):
    """HTTP 404 to anybody: who calls a wrong URL has to hear that, even with a wrong token."""

    authentication_classes = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        try:
            self.partner = identify(request._request).partner
        except WrongToken as error:
            self.partner, self.entrance = error.partner, error.entrance
        raise Http404
