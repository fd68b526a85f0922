"""A gateway sends an event: checked, kept, answered. What follows from it follows after the answer."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.events import inbox
from billing.gateways import NotFromGateway, gateway_named
from ocpi.server.authentication import source_address
from partners.ground import limiting

MOST_BYTES = 512 * 1024
PLAIN = "text/plain; charset=utf-8"


@csrf_exempt
@require_POST
def receive(request: HttpRequest, gateway: str) -> HttpResponse:
    """200 once it is kept, also of one that is known; 400 for what is not the gateway's own, 429 for too much of it.

    Any other answer has the gateway send it again.
    """
    place = limiting.place_of(source_address(request))
    if wait := limiting.wait_for(limiting.STRANGERS, place):
        return _too_many(wait)
    try:
        named = gateway_named(gateway)
    except LookupError:
        return HttpResponse("There is no such gateway.", status=404, content_type=PLAIN)
    if len(request.body) > MOST_BYTES:
        return HttpResponse("An event is not that large.", status=413, content_type=PLAIN)
    try:
        news = named.read_event({name.lower(): value for name, value in request.headers.items()}, request.body)
    except NotFromGateway as error:
        wait = limiting.hit(limiting.STRANGERS, place)
        return _too_many(wait) if wait else HttpResponse(str(error), status=400, content_type=PLAIN)
    inbox.keep(gateway, news)
    return HttpResponse(status=200)


def _too_many(wait: int) -> HttpResponse:
    return HttpResponse("Too many requests.", status=429, headers={"Retry-After": str(wait)}, content_type=PLAIN)
