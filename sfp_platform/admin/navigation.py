"""The admin site's frame: environment label and sidebar."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db.models import Count, Value
from django.http import HttpRequest
from django.urls import reverse, reverse_lazy

from ocpi.models import TokenPush
from partners.models import Incident, PartnerRole
from sessions_adhoc.models import AdHocSession, ContractRecord
from sessions_adhoc.states import State
from sfp_platform.admin.dashboard.attention import Which
from sfp_platform.admin.dashboard.clients import GIVEN_UP

# Group, then per page: model, title, icon. What is not registered or not allowed does not appear.
GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Partners",
        (
            ("partners.partner", "Partners", "handshake"),
            ("partners.incident", "Incidents", "warning"),
            ("partners.policy", "Policies", "rule"),
            ("partners.partnerrole", "Parties' roles", "badge"),
            ("partners.partyowner", "Parties", "flag"),
            ("onboarding.linkevent", "CPO pages", "web"),
            ("onboarding.plannedchange", "Planned changes", "event_upcoming"),
            ("onboarding.scoreday", "Scorecards", "scoreboard"),
            ("partners.document", "Documents", "folder"),
            ("partners.allowednetwork", "Allowlist", "shield"),
            ("onboarding.allowlistmirror", "Allowlist at Cloudflare", "cloud_sync"),
        ),
    ),
    (
        "Charging",
        (
            ("sessions_adhoc.adhocsession", "Ad-hoc sessions", "bolt"),
            ("ocpi.ocpisession", "OCPI sessions", "ev_station"),
            ("ocpi.cdr", "CDRs", "receipt_long"),
            ("sessions_adhoc.contractrecord", "Contract charges", "contract"),
            ("ocpi.token", "Tokens", "badge"),
            ("ocpi.tokenpush", "Token pushes", "upload"),
        ),
    ),
    (
        "Network",
        (
            ("ocpi.location", "Locations", "location_on"),
            ("ocpi.evse", "EVSEs", "ev_charger"),
            ("ocpi.tariff", "Tariffs", "sell"),
            ("ocpi.publishedevseid", "Published EVSE IDs", "qr_code"),
            ("sessions_adhoc.displaysecret", "Display secrets", "qr_code_scanner"),
        ),
    ),
    (
        "Money",
        (
            ("billing.paymentauthorization", "Payments", "payments"),
            ("billing.gatewayevent", "Gateways' events", "notifications"),
            ("billing.receipt", "Receipts", "receipt"),
            ("billing.restorefinding", "After a restore", "restore"),
            ("billing.priceplan", "Price plans", "price_change"),
            ("billing.vatrate", "VAT rates", "percent"),
            ("billing.simulatedcharge", "Simulated gateway", "science"),
        ),
    ),
    (
        "Finance",
        (
            ("billing.financemonth", "Month", "calendar_month"),
            ("billing.outstandingamount", "Claims and receivables", "request_quote"),
            ("billing.payout", "Payouts", "account_balance"),
            ("billing.payoutline", "Payout lines", "rule"),
            ("billing.ledgertransaction", "Ledger", "menu_book"),
        ),
    ),
    (
        "Traffic",
        (
            ("ocpi.message", "Message log", "list_alt"),
            ("ocpi.command", "Commands", "terminal"),
            ("ocpi.syncrun", "Syncs", "sync"),
            ("ocpi.refresh", "Refreshes", "published_with_changes"),
            ("ocpi.handshakerun", "Handshakes", "sync_lock"),
            ("onboarding.connectioncheck", "Connection checks", "fact_check"),
            ("sessions_adhoc.fallbackpull", "Fallback pulls", "move_to_inbox"),
            ("ocpi.partnerquirk", "Quirks", "rule_folder"),
        ),
    ),
    (
        "Further modules",
        (
            ("ocpi.profilerequest", "Charging profiles", "tune"),
            ("ocpi.booking", "Bookings", "event"),
            ("ocpi.bookingrequest", "Booking requests", "edit_calendar"),
            ("ocpi.bookinglocation", "Bookable places", "event_available"),
            ("ocpi.terminal", "Payment terminals", "point_of_sale"),
            ("ocpi.terminalrequest", "Terminal requests", "add_card"),
            ("ocpi.financialadvice", "Payment confirmations", "price_check"),
            ("ocpi.clientinfo", "Parties behind hubs", "hub"),
        ),
    ),
    (
        "System",
        (
            ("auth.user", "Users", "person"),
            ("auth.group", "Groups", "group"),
            ("partners.failedlogin", "Failed logins", "lock_person"),
            ("partners.historyentry", "History", "history"),
            ("sessions_adhoc.clientkey", "Client keys", "key"),
            ("sessions_adhoc.webhookendpoint", "Webhooks", "webhook"),
            ("sessions_adhoc.webhookdelivery", "Webhook deliveries", "outbox"),
            ("partners.issuedtoken", "Issued tokens", "vpn_key"),
            ("partners.mail", "Mails", "outgoing_mail"),
            ("partners.retention", "Personal data", "privacy_tip"),
            ("onboarding.alertchannel", "Alert channels", "campaign"),
            ("onboarding.alert", "Alerts", "notification_important"),
        ),
    ),
)


def environment_label(_request: HttpRequest) -> list[str]:
    """The badge beside the title: support must see at a glance whether money is real."""
    return ["Production", "danger"] if settings.PRODUCTION else ["Development", "info"]


def own_account(_request: HttpRequest) -> list[dict[str, Any]]:
    """The menu under one's own name."""
    return [
        {"title": "Second factor", "link": reverse_lazy("admin:second_factor_own")},
        {"title": "Change password", "link": reverse_lazy("admin:password_change")},
    ]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar, grouped as support works."""
    counts = open_work()
    home, is_mine = reverse("admin:index"), request.GET.get("queue") == Which.MINE
    at_home = request.path == home
    overview = {"title": "Overview", "icon": "dashboard", "link": home, "active": at_home and not is_mine}
    mine = {
        "title": "My work",
        "icon": "assignment_ind",
        "link": f"{home}?queue={Which.MINE}",
        "active": at_home and is_mine,
    }
    groups: list[dict[str, Any]] = [{"items": [overview, mine]}]
    for title, pages in GROUPS:
        items = [_item(page, counts) for page in pages if _visible(request, page[0])]
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    return groups


def open_work() -> dict[str, int]:
    """How much waits for staff, per model where anything does. One query, over partial or selective indexes."""
    waiting = (
        Incident.objects.filter(closed_at=None),
        AdHocSession.objects.filter(state=State.ESCALATED),
        PartnerRole.objects.filter(state=PartnerRole.State.PENDING),
        TokenPush.objects.exclude(error=""),
        ContractRecord.objects.filter(state=ContractRecord.State.HELD),
        GIVEN_UP,
    )
    counted = [
        rows.order_by()
        .annotate(label=Value(rows.model._meta.label_lower))
        .values("label")
        .annotate(count=Count("pk"))
        .values_list("label", "count")
        for rows in waiting
    ]
    return dict(counted[0].union(*counted[1:], all=True))


def _visible(request: HttpRequest, label: str) -> bool:
    model = apps.get_model(label)
    return admin.site.is_registered(model) and request.user.has_perm(
        f"{model._meta.app_label}.view_{model._meta.model_name}"
    )


def _item(page: tuple[str, str, str], counts: dict[str, int]) -> dict[str, Any]:
    label, title, icon = page
    name = label.replace(".", "_")
    item = {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{name}_changelist")}
    if counts.get(label):
        item |= {"badge": str(counts[label]), "badge_variant": "danger", "badge_style": "solid"}
    return item
