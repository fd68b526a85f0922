"""URLs of the CPO's page. All of them begin with the link's token."""

from django.urls import path

from onboarding.portal import fetching, views
from onboarding.portal.bench import views as bench
from onboarding.portal.running import views as running

app_name = "portal"

urlpatterns = [
    path("<str:token>/", views.page, name="page"),
    path("<str:token>/check", views.check, name="check"),
    path("<str:token>/window", views.window, name="window"),
    path("<str:token>/checklist", views.checklist, name="checklist"),
    path("<str:token>/token-b", views.token_b, name="token-b"),
    path("<str:token>/tests", views.judge, name="judge"),
    path("<str:token>/confirm", views.confirm, name="confirm"),
    path("<str:token>/sign-off", views.sign_off, name="sign-off"),
    path("<str:token>/data-sheet", fetching.data_sheet, name="data-sheet"),
    path("<str:token>/data-sheet.pdf", fetching.data_sheet_pdf, name="data-sheet-pdf"),
    path("<str:token>/sign-off.pdf", fetching.sign_off_pdf, name="sign-off-pdf"),
    path("<str:token>/connection-check.pdf", fetching.report_pdf, name="report-pdf"),
    path("<str:token>/guide", fetching.guide, name="guide"),
    path("<str:token>/messages", running.messages, name="messages"),
    path("<str:token>/messages/<int:pk>", running.exchange, name="exchange"),
    path("<str:token>/documents/<int:pk>", running.document, name="document"),
    path("<str:token>/scorecards/<int:pk>/<str:month>.pdf", running.scorecard, name="scorecard"),
    path("<str:token>/bench/check", bench.check, name="bench-check"),
    path("<str:token>/bench/charge", bench.charge, name="bench-charge"),
    path("<str:token>/bench/stop", bench.stop, name="bench-stop"),
]
