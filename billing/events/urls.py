"""Where gateways send their events."""

from django.urls import path

from billing.events import views

app_name = "webhooks"
urlpatterns = [path("<slug:gateway>/", views.receive, name="gateway")]
