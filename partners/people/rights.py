"""Who may do what: the groups of staff and their permissions, as data.

The groups are made and brought up to date after every `migrate`, so a permission added here or a model added anywhere
reaches them with the next deployment. Their pages in the admin are to be read; other groups may be added there.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.contrib.auth.models import Group, Permission
from django.db import transaction

VIEWER, SUPPORT, INTEGRATOR, FINANCE, ADMIN = "viewer", "support", "integrator", "finance", "admin"
# Everything in these may be looked at by everybody: secrets are in no page, tokens show their last four characters.
OPEN_APPS = ("partners", "ocpi", "billing", "sessions_adhoc", "onboarding")
# Rows of these are secrets, or lists of people: only administrators see them.
CLOSED_MODELS = frozenset({"partners.authenticatorapp", "partners.recoverycodes", "partners.failedlogin"})
# Only finance, and who includes it, sees what the company earns.
FINANCE_MODELS = ("financemonth", "ledgertransaction", "ledgerentry", "payout", "payoutline")
PEOPLE = ("auth.user", "auth.group", "partners.failedlogin")
EDITING = ("view", "add", "change")
# Rows of a partner's form that may be taken out of it again. Everything else is kept, or made by hand: a group.
DELETABLE = frozenset({"partners.contact", "partners.allowednetwork", "partners.partnerrole", "auth.group"})


@dataclass(frozen=True)
class Rights:
    """What a group may do besides looking.

    Args:
        purpose: who belongs into it, for the group's page.
        includes: groups whose rights it has too.
        permissions: `app.codename`.
        edits: models that it may add and change, as `app.model`.
    """

    purpose: str
    includes: tuple[str, ...] = ()
    permissions: frozenset[str] = frozenset()
    edits: tuple[str, ...] = field(default=())


GROUPS: Mapping[str, Rights] = {
    VIEWER: Rights("Sees everything except secrets and people's accounts; changes nothing."),
    SUPPORT: Rights(
        "Keeps charging going: sessions, incidents, syncs, commands, replays, connection checks.",
        permissions=frozenset(
            {
                "sessions_adhoc.operate_session",
                "sessions_adhoc.operate_webhook",
                "partners.close_incident",
                "partners.work_queue",
                "partners.send_mail",
                "ocpi.request_sync",
                "ocpi.send_command",
                "ocpi.push_token",
                "ocpi.replay_message",
                "onboarding.run_connection_check",
            }
        ),
    ),
    INTEGRATOR: Rights(
        "Connects CPOs: everything that support may, and stages, handshakes, tokens, allowlists, policies, suspending.",
        includes=(SUPPORT,),
        permissions=frozenset(
            {
                "partners.onboard_partner",
                "partners.override_condition",
                "partners.suspend_partner",
                "partners.reveal_secret",
                "partners.change_allowlist",
                "partners.approve_party",
            }
        ),
        edits=(
            "partners.partner",
            "partners.partnerrole",
            "partners.contact",
            "partners.allowednetwork",
            "partners.policy",
            "sessions_adhoc.clientkey",
            "sessions_adhoc.webhookendpoint",
            "sessions_adhoc.displaysecret",
            "onboarding.plannedchange",
            "onboarding.alertchannel",
        ),
    ),
    FINANCE: Rights(
        "Decides about money: captures, releases, refunds, price plans, rates of VAT.",
        permissions=frozenset(
            {
                "billing.move_money",
                "partners.work_queue",
                "billing.settle_outstanding",
                "sessions_adhoc.decide_contract",
                *(f"billing.view_{model}" for model in FINANCE_MODELS),
            }
        ),
        edits=("billing.priceplan", "billing.vatrate"),
    ),
    ADMIN: Rights(
        "Everything, off-boarding and people's accounts too.",
        includes=(INTEGRATOR, FINANCE),
        permissions=frozenset({"partners.offboard_partner"}),
        edits=PEOPLE,
    ),
}


def permissions_of(group: str) -> frozenset[str]:
    """All that a group may do besides looking, as `app.codename`, with what it includes."""
    rights = GROUPS[group]
    own = rights.permissions.union(*(_editing(label) for label in rights.edits))
    return own.union(*(permissions_of(other) for other in rights.includes))


def _editing(label: str) -> set[str]:
    app, model = label.split(".")
    return {f"{app}.{verb}_{model}" for verb in (*EDITING, *(("delete",) if label in DELETABLE else ()))}


def may_look(label: str) -> bool:
    """Whether every group may look at the rows of a model, given as `app.model` in lower case."""
    return label.split(".")[0] in OPEN_APPS and label not in CLOSED_MODELS and not _is_finance(label)


def _is_finance(label: str) -> bool:
    return label in {f"billing.{model}" for model in FINANCE_MODELS}


def wanted_rights(group: str, known: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """The (app, codename) that a group gets, of those that exist."""
    named = permissions_of(group)
    return {
        (app, codename)
        for app, codename in known
        if f"{app}.{codename}" in named
        or (codename.startswith("view_") and may_look(f"{app}.{codename.removeprefix('view_')}"))
    }


def after_migrate(app_config: AppConfig, using: str, **_kwargs: Any) -> None:
    """Bring the groups up to date once the last app's permissions exist (they are made by the same signal)."""
    last = [config.label for config in installed.get_app_configs() if config.models_module][-1]
    if app_config.label == last and using == "default":
        make_groups()


def make_groups() -> None:
    """Create the groups that are missing and give each exactly its permissions. Does nothing where nothing changed."""
    names = Permission.objects.values_list("pk", "content_type__app_label", "codename")
    ids = {(app, codename): pk for pk, app, codename in names.order_by()}
    pairs = Group.permissions.through.objects
    with transaction.atomic():
        Group.objects.bulk_create([Group(name=name) for name in GROUPS], ignore_conflicts=True)
        groups = dict(Group.objects.filter(name__in=GROUPS).values_list("name", "pk"))
        has = set(pairs.filter(group__in=groups.values()).values_list("group_id", "permission_id"))
        wants = {(pk, ids[one]) for name, pk in groups.items() for one in wanted_rights(name, ids)}
        pairs.bulk_create(
            [Group.permissions.through(group_id=group, permission_id=one) for group, one in wants - has],
            ignore_conflicts=True,
        )
        for group, one in has - wants:
            pairs.filter(group_id=group, permission_id=one).delete()
