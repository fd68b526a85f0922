"""What is answered where something broke: 503 with a time to come again where there was no database."""

import sys

from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error

from partners.ground.outage import RETRY_AFTER, database_was_away


def broken(request: HttpRequest) -> HttpResponse:
    """Django's own page, called while the error is being handled."""
    answer = server_error(request)
    error = sys.exc_info()[1]
    if error is not None and database_was_away(error):
        answer.status_code, answer.headers["Retry-After"] = 503, str(RETRY_AFTER)
    return answer
