"""The documents on the web: as JSON for programs, as a page for people. Open to anybody, as the specification is."""

from typing import Any

from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from ocpi.server.openapi.document import build
from ocpi.versions import VERSIONS, Version


def the_version(number: str) -> Version:
    """Return the version of a URL; raises Http404."""
    try:
        return VERSIONS[number]
    except KeyError:
        raise Http404(f"We do not speak OCPI {number}.") from None


@require_safe
def schema(_request: HttpRequest, number: str) -> JsonResponse:
    """Answer with a version's OpenAPI document."""
    document, _gaps = build(the_version(number))
    return JsonResponse(document, json_dumps_params={"ensure_ascii": False})


class DocumentPage(TemplateView):
    """A version's document, to read."""

    template_name = "docs/version.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        version = the_version(self.kwargs["number"])
        return super().get_context_data(version=version, versions=VERSIONS.values(), **kwargs)
