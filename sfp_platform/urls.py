"""Where everything is: admin, the driver's API and pages, OCPI, their documents, health."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from sfp_platform.health.views import HealthView, LiveView
from sfp_platform.metrics.views import MetricsView
from sfp_platform.web import openapi

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("ocpi/", include("ocpi.server.urls")),
    path("api/v1/", include("sessions_adhoc.driver.api.urls")),
    path("api/v1/schema/", openapi.schema, name="api-schema"),
    path("api/v1/docs/", openapi.docs, name="api-docs"),
    path("webhooks/", include("billing.events.urls")),
    path("onboarding/", include("onboarding.portal.urls")),
    path("docs/", include("sfp_platform.web.docs")),
    path("health/", HealthView.as_view(), name="health"),
    re_path("^health/live/?$", LiveView.as_view(), name="health-live"),
    re_path("^health/ready/?$", HealthView.as_view(for_traffic=True), name="health-ready"),
    re_path("^metrics/?$", MetricsView.as_view(), name="metrics"),
    path("", include("sessions_adhoc.driver.pages.urls")),
]

handler500 = "sfp_platform.web.broken.broken"
