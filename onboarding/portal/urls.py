"""URLs of the CPO's page. All of them begin with the link's token."""

from django.urls import path

from onboarding.portal import fetching, views

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
]
