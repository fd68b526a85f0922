"""URLs of the driver's API."""

from django.urls import path

from sessions_adhoc.driver.api import contracts, stations, views

urlpatterns = [
    path("stations/", stations.StationsView.as_view(), name="stations"),
    path("quotes/", views.QuotesView.as_view(), name="quotes"),
    path("ad-hoc-sessions/", views.AdHocSessionsView.as_view(), name="ad-hoc-sessions"),
    path("ad-hoc-sessions/<uuid:session_id>/", views.AdHocSessionView.as_view(), name="ad-hoc-session"),
    path("ad-hoc-sessions/<uuid:session_id>/stop/", views.StopView.as_view(), name="ad-hoc-session-stop"),
    path("ad-hoc-sessions/<uuid:session_id>/cancel/", views.CancelView.as_view(), name="ad-hoc-session-cancel"),
    path("ad-hoc-sessions/<uuid:session_id>/limit/", views.LimitView.as_view(), name="ad-hoc-session-limit"),
    path(
        "ad-hoc-sessions/<uuid:session_id>/limit/withdraw/",
        views.WithdrawView.as_view(),
        name="ad-hoc-session-withdraw",
    ),
    path("ad-hoc-sessions/<uuid:session_id>/pay/", views.PayView.as_view(), name="ad-hoc-session-pay"),
    path("ad-hoc-sessions/<uuid:session_id>/release/", views.ReleaseView.as_view(), name="ad-hoc-session-release"),
    path("charging-sessions/", contracts.ChargingSessionsView.as_view(), name="charging-sessions"),
    path("contract-tokens/<str:uid>/", contracts.ContractTokenView.as_view(), name="contract-token"),
    path("contract-charges/", contracts.ContractChargesView.as_view(), name="contract-charges"),
    path(
        "contract-charges/<uuid:record_id>/acknowledge/",
        contracts.AcknowledgeView.as_view(),
        name="contract-charge-acknowledge",
    ),
]
