"""Incidents, and what staff changed and pressed."""

from django.contrib.contenttypes.models import ContentType

from partners.models import HistoryEntry, Incident, Partner
from rehearsal.bench.crowd.filling import NOW, Span, fill, one_of


def fill_history(span: Span) -> None:
    """Incidents, of which one in fifty is open, and what staff changed and pressed."""
    partner = f"1 + n % {span.last('partners')}"
    fill(
        Incident,
        span.rows("incidents"),
        id="n",
        partner_id=partner,
        key="'cause-' || n",
        detector=one_of(["missing-cdrs", "unauthorized", "late-samples", ""]),
        severity="1 + n % 3",
        symptom=one_of(["CDRs not received by SFP", "HTTP 401 Unauthorized", "No real-time energy data"]),
        cause="'Something is wrong at the CPO.'",
        resolution="'Ask them.'",
        opened_at=span.moment("incidents"),
        first_seen_at=span.moment("incidents"),
        last_seen_at=span.moment("incidents"),
        mailed_at=NOW,
        closed_at=f"CASE WHEN n % 50 = 1 THEN NULL ELSE {span.moment('incidents')} + interval '1 hour' END",
        close_reason="CASE WHEN n % 50 = 1 THEN '' ELSE 'The cause is gone.' END",
        evidence="'[{\"message\": 1}]'",
    )
    fill(
        HistoryEntry,
        span.rows("history"),
        content_type_id=str(ContentType.objects.get_for_model(Partner).pk),
        object_pk=f"({partner})::text",
        object_id=partner,
        object_repr=f"'Charging company ' || {partner}",
        action="1",
        changes='CASE WHEN n % 3 = 0 THEN \'{"name": ["Old", "New"]}\'::jsonb END',
        actor_id="1",
        partner_id=partner,
        label="CASE WHEN n % 3 = 0 THEN '' ELSE 'Sync locations' END",
        result="CASE WHEN n % 3 = 0 THEN '' WHEN n % 100 = 1 THEN 'refused' ELSE 'done' END",
        outcome="'It was asked for.'",
        timestamp=span.moment("history"),
    )
