"""Keeping documents with the partner, as they were handed out."""

import hashlib
from typing import Any

from django.db import transaction

from onboarding.documents.dossier import write_dossier
from onboarding.documents.sign_off import write_sign_off
from onboarding.guide import Side, Stage, before_archiving
from onboarding.partner_facts import facts_of
from onboarding.stages import golive, moving
from onboarding.stages.refusals import NotPossible
from partners.models import Document, Partner
from partners.paper.written import Written


def archive(partner: Partner, kind: str, written: Written, by: str) -> Document:
    """Keep a finished document for good; `by` is who made it."""
    return Document.objects.create(
        partner=partner,
        kind=kind,
        name=written.name,
        made_by=by[:150],
        content=written.content,
        size=len(written.content),
        sha256=hashlib.sha256(written.content).hexdigest(),
    )


def is_intact(document: Document) -> bool:
    """Whether the content is what was archived."""
    return hashlib.sha256(bytes(document.content)).hexdigest() == document.sha256


@transaction.atomic
def archive_integration(partner: Partner, user: Any) -> Document:
    """Keep the sign-off form and the dossier as they are now; return the dossier.

    In stage 4 this is the action “integration documented and archived” (guide 7.5), and comes after the others.

    Raises:
        NotPossible: the onboarding has not begun, or confirmations or signatures of stage 4 are missing.
    """
    onboarding, by = moving.of(partner), user.get_username()
    if onboarding.pk is None:
        raise NotPossible("The onboarding has not begun: there is nothing to archive.")
    if onboarding.stage == Stage.GO_LIVE:
        if waits := before_archiving(facts_of(onboarding)):
            titles = "; ".join(action.title for action in waits)
            raise NotPossible(f"The dossier is archived last, with confirmations and signatures. Missing: {titles}.")
        golive.confirm(onboarding.partner, "archived", Side.SFP, by, user)
    archive(onboarding.partner, Document.Kind.SIGN_OFF, write_sign_off(onboarding), by=by)
    return archive(onboarding.partner, Document.Kind.DOSSIER, write_dossier(onboarding), by=by)
