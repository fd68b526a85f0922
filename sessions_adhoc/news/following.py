"""A Session of an ordinary charge: its news is kept, and its ad-hoc session woken, by what stores the Session.

That is nearly every Session that a driver waits for: the first one of an attempt that is open and has none, and what
follows of it while it is valid. Its news is then a sample (`metering`), the link on first sight, a line of the timeline
with that and with each new status, the moment of the first energy, and a deadline. Whatever else it may mean (another
place or token, a second Session, a failed attempt, an orphan) is for `receiving.session_news`. The ad-hoc session must
be as it was read: who decides on it, or writes down other news of it, moves its row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from ocpi.models import Connector, Evse, Location, OcpiSession, Token
from ocpi.receivers import Following, SessionNews
from partners.tokens import PARTNERS
from sessions_adhoc import belonging, timeline
from sessions_adhoc.engine.queueing import advance_together
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt, Sample, TimelineEvent
from sessions_adhoc.news import metering
from sessions_adhoc.states import TERMINAL

SESSION, OWNER = OcpiSession._meta.db_table, AdHocSession._meta.db_table
LINK, ATTEMPT, SAMPLE = (model._meta.db_table for model in (AttemptSession, ChargingAttempt, Sample))
TOKEN, EVSE, LOCATION, CONNECTOR = (model._meta.db_table for model in (Token, Evse, Location, Connector))
EVENT = TimelineEvent._meta.db_table
VALID = AttemptSession.Validity.VALID.value
A_SWEEP = timedelta(seconds=2)
"""In which a sweep has found what is due, where clocks agree."""
_SAID = ("NULL", f"{PARTNERS.name}.id", "asked.reference", *(f"{PARTNERS.name}.id", "asked.token") * 2)
# Of a Session that is not stored yet: the attempt of whom it names, if there is one only; and how things stand there.
_NAMED = (
    f"SELECT MIN(a.id) AS attempt_id FROM {ATTEMPT} a WHERE {SESSION}.id IS NULL AND a.session_id ="
    f" (SELECT id FROM ({belonging.WHOSE % _SAID}) owner ORDER BY rank LIMIT 1) HAVING COUNT(*) = 1"
)
_PLACE = (
    "SELECT evse.uid, location.ocpi_id, location.country_code, location.party_id,"
    f" EXISTS (SELECT 1 FROM {LINK} WHERE attempt_id = attempt.id) OR {belonging.is_named('owner')} AS odd"
    f" FROM {EVSE} evse JOIN {LOCATION} location ON location.id = evse.location_id"
    f" WHERE {SESSION}.id IS NULL AND evse.id = owner.evse_id"
)
JOINS = (
    f"LEFT JOIN {LINK} link ON link.ocpi_session_id = {SESSION}.id"
    f" LEFT JOIN LATERAL ({_NAMED}) named ON TRUE"
    f" LEFT JOIN {ATTEMPT} attempt ON attempt.id = COALESCE(link.attempt_id, named.attempt_id)"
    f" LEFT JOIN {OWNER} owner ON owner.id = attempt.session_id"
    f" LEFT JOIN {TOKEN} token ON token.id = owner.token_id"
    f" LEFT JOIN {CONNECTOR} connector ON connector.id = owner.connector_id"
    f" LEFT JOIN LATERAL ({_PLACE}) place ON TRUE"
    f" LEFT JOIN LATERAL (SELECT at, received_at, kwh FROM {SAMPLE} WHERE attempt_id = attempt.id"
    f" AND ocpi_session_id = {SESSION}.id AND ignored = '' ORDER BY id DESC LIMIT 1) newest ON TRUE"
)
COLUMNS = (
    *("attempt.id", "link.validity", "link.status_told", "attempt.failure", "attempt.energy_at", "attempt.ended_at"),
    *("attempt.created_at", "attempt.authorization_reference", "owner.id::text", "owner.xmin::text", "owner.state"),
    "owner.next_check_at",
    *("(owner.policy ->> 'meter_interval')::float", "owner.connector_number", "connector.max_kw"),
    *("token.uid", "token.contract_id", "place.country_code", "place.party_id", "place.ocpi_id", "place.uid"),
    *("place.odd", "newest.at", "newest.received_at", "newest.kwh"),
)
READING = ("at", "received_at", "kwh", "kw", "kw_derived", "soc", "source", "ignored", "faults", "message_id")
TYPED = (
    "owner uuid, owner_seen text, sample_attempt_id bigint, sample_at timestamptz, sample_received_at timestamptz,"
    " sample_kwh numeric, sample_kw numeric, sample_kw_derived boolean, sample_soc numeric, sample_source text,"
    " sample_ignored text, sample_faults text, sample_message_id bigint, told text, event text, energy_at timestamptz"
)
KEPT = "FROM given JOIN stored USING (n) WHERE given.owner IS NOT NULL"
PARTS = (
    f"woken AS (UPDATE {OWNER} ad_hoc SET next_check_at = given.sample_received_at {KEPT} AND ad_hoc.id = given.owner),"
    f" energized AS (UPDATE {ATTEMPT} attempt SET energy_at = given.energy_at {KEPT}"
    " AND attempt.id = given.sample_attempt_id AND given.energy_at IS NOT NULL),"
    f" linked AS (INSERT INTO {LINK} (attempt_id, ocpi_session_id, validity, status_told, linked_at)"
    f" SELECT sample_attempt_id, stored.id, '{VALID}', told, sample_received_at {KEPT} AND given.id IS NULL),"
    f" told AS (UPDATE {LINK} link SET status_told = given.told {KEPT} AND given.id IS NOT NULL"
    " AND given.told IS NOT NULL AND link.ocpi_session_id = stored.id),"
    f" sampled AS (INSERT INTO {SAMPLE} (attempt_id, ocpi_session_id, {', '.join(READING)})"
    f" SELECT sample_attempt_id, stored.id, {', '.join(f'sample_{name}' for name in READING)} {KEPT}),"
    f" written AS (INSERT INTO {EVENT} (session_id, at, kind, text, state_from, state_to, actor, message_id)"
    f" SELECT owner, sample_received_at, '{TimelineEvent.Kind.SESSION.value}', event, '', '', '', sample_message_id"
    f" {KEPT} AND given.event IS NOT NULL)"
)


@dataclass(frozen=True)
class Around:
    """What the look found of the charge, in the order of `COLUMNS`.

    Of the link nothing where the Session is new, of the place and what is odd nothing where it is known.
    """

    attempt_id: int
    validity: str | None
    told: str | None
    failure: str
    energy_at: datetime | None
    ended_at: datetime | None
    created_at: datetime
    reference: str
    owner: str
    seen: str
    state: str
    next_check_at: datetime | None
    interval: float
    connector: str
    max_kw: Decimal | None
    token: str
    contract: str
    country_code: str
    party_id: str
    location_id: str
    evse_uid: str
    odd: bool | None
    at: datetime | None
    received_at: datetime | None
    kwh: Decimal | None

    @property
    def newest(self) -> Sample | None:
        if self.at is None or self.received_at is None:
            return None
        return Sample(at=self.at, received_at=self.received_at, kwh=self.kwh)

    def is_passed_over(self, now: datetime) -> bool:
        """Whether no sweep took the session since the reading before: by a worker's clock it is not due yet."""
        return self.received_at is not None and self.next_check_at == self.received_at < now - A_SWEEP

    @property
    def attempt(self) -> ChargingAttempt:
        return ChargingAttempt(
            authorization_reference=self.reference, created_at=self.created_at, energy_at=self.energy_at
        )

    @property
    def ad_hoc(self) -> AdHocSession:
        """The ad-hoc session, as far as tells what is its own."""
        location = Location(ocpi_id=self.location_id, country_code=self.country_code, party_id=self.party_id)
        evse = Evse(uid=self.evse_uid, location=location)
        token = Token(uid=self.token, contract_id=self.contract)
        return AdHocSession(token=token, evse=evse, connector_number=self.connector)

    def is_named_by(self, session: OcpiSession) -> bool:
        """Whether the Session is this charge's by the first of its names (`belonging.WHOSE`)."""
        if session.authorization_reference:
            return session.authorization_reference.lower() == self.reference
        return session.token_uid.lower() in (self.token.lower(), self.contract.lower())

    def goes_on(self, news: SessionNews) -> bool:
        """Whether it is the Session of an ordinary charge, known or new."""
        if self.failure or self.state in TERMINAL or not self.is_named_by(news.session):
            return False
        return self.is_ordinary(news.session) if news.created else self.validity == VALID

    def is_ordinary(self, session: OcpiSession) -> bool:
        """Whether a Session is the first of its open attempt, at its place, with its token (`linking`)."""
        if self.odd or self.ended_at is not None:
            return False
        ad_hoc = self.ad_hoc
        ad_hoc.partner_id = session.partner_id
        is_there = belonging.is_at_its_charger(ad_hoc, session, session.connector_id)
        return is_there and not belonging.disagreements(ad_hoc, [self.attempt], session)


def follows(looked: Sequence[Any]) -> bool:
    """Whether the Session is linked to an attempt, or names one."""
    return looked[0] is not None


def decide(news: SessionNews, looked: Sequence[Any]) -> dict[str, Any] | None:
    """What is written, and who is woken; None where the news may mean more."""
    around = Around(*looked)
    if not around.goes_on(news):
        return None
    now = timezone.now()
    reading = metering.read_meter(
        news, around.newest, now, around.attempt, valid=True, interval=around.interval, max_kw=around.max_kw
    )
    is_new = news.created or around.told != news.session.status
    return {
        "owner": around.owner,
        "owner_seen": around.seen,
        "sample_attempt_id": around.attempt_id,
        "told": news.session.status if is_new else None,
        "event": timeline.session_text(news) if is_new else None,
        "is_passed_over": around.is_passed_over(now),
        "energy_at": now if metering.shows_first_energy(around.attempt, news, reading) else None,
        **{f"sample_{name}": value for name, value in reading.items()},
    }


def wake(decided: Sequence[dict[str, Any]]) -> None:
    """Have the ad-hoc sessions advanced of which there is more to tell than how the meter goes on.

    All are due by now, and the sweep finds those within half a second, many at a time: a message to the broker for each
    reading cost as much as storing it.
    """
    advance_together([one["owner"] for one in decided if _is_urgent(one)])


def _is_urgent(one: dict[str, Any]) -> bool:
    """More than a reading, or one that another followed although nobody had looked."""
    return bool(one["event"] or one["energy_at"] or one["is_passed_over"])


CHARGES = Following(JOINS, COLUMNS, follows, decide, TYPED, OWNER, PARTS, wake)
