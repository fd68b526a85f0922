"""URLs of the driver's pages. An EVSE's id may hold almost any character, so the fixed paths come first."""

from django.urls import path

from sessions_adhoc.driver.pages import charger_views, place_views, receipt_views, session_views
from sessions_adhoc.driver.pages.speaking import spoken

app_name = "driver"

urlpatterns = [
    path("c/", spoken(place_views.find), name="find"),
    path("c/session/<uuid:session_id>", spoken(session_views.session_page), name="session"),
    path("c/session/<uuid:session_id>.json", spoken(session_views.session_json), name="session-json"),
    path("c/session/<uuid:session_id>/stop", spoken(session_views.stop), name="session-stop"),
    path("c/session/<uuid:session_id>/cancel", spoken(session_views.cancel), name="session-cancel"),
    path("c/session/<uuid:session_id>/limit", spoken(session_views.limit), name="session-limit"),
    path("c/session/<uuid:session_id>/withdraw", spoken(session_views.withdraw), name="session-withdraw"),
    path("c/session/<uuid:session_id>/pay", spoken(session_views.pay), name="session-pay"),
    path("c/session/<uuid:session_id>/release", spoken(session_views.release), name="session-release"),
    path("c/session/<path:rest>", spoken(session_views.no_session), name="no-session"),
    path("c/receipt/<uuid:receipt_id>", spoken(receipt_views.receipt_page), name="receipt"),
    path("c/receipt/<uuid:receipt_id>.pdf", spoken(receipt_views.receipt_pdf), name="receipt-pdf"),
    path("c/<path:evse>/qr.svg", charger_views.qr_code, name="charger-qr"),
    path("c/<path:evse>/state.json", spoken(charger_views.charger_state), name="charger-state"),
    path("c/<path:evse>", spoken(charger_views.charger_page), name="charger"),
]
