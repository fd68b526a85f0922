"""What is wrong with a request, for people and for programs: each answer below 500 that is no success has a `code`."""

from typing import Any

from django.http import Http404
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler


def answer_with_code(error: Exception, context: dict[str, Any]) -> Response | None:
    """As Django REST framework answers, with `code`: what a request lacks is `invalid`, and `fields` says why."""
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        response.data = {**response.data, "code": "invalid", "fields": error.get_codes()}
    elif isinstance(detail := getattr(error, "detail", None), ErrorDetail):
        response.data = {**response.data, "code": detail.code}
    else:
        # Django's own, which it answers as one of these.
        response.data = {**response.data, "code": "not_found" if isinstance(error, Http404) else "permission_denied"}
    return response
