"""What our interfaces look like: the page that leads to every OpenAPI document."""

from typing import Any

from django.urls import path
from django.views.generic import TemplateView

from ocpi.server.openapi.views import DocumentPage, schema
from ocpi.versions import VERSIONS


class IndexPage(TemplateView):
    """The driver's API and each OCPI version."""

    template_name = "docs/index.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(versions=list(VERSIONS.values())[::-1], **kwargs)


urlpatterns = [
    path("", IndexPage.as_view(), name="docs"),
    path("ocpi/<str:number>/", DocumentPage.as_view(), name="ocpi-docs"),
    path("ocpi/<str:number>/schema/", schema, name="ocpi-schema"),
]
