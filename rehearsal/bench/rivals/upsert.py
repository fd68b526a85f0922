"""FastAPI and SQLAlchemy: a Session is validated and upserted; no token, no log, no news.

Runs in the rivals' own virtual environment.
"""
# mypy: ignore-errors

import os
from datetime import datetime
from typing import Any

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import JSON, DateTime, Numeric, String, create_engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine(os.environ["BENCH_SQLALCHEMY_URL"], pool_size=10, max_overflow=0)
app = FastAPI()


class Base(DeclarativeBase):
    """The one table's metadata."""


class Row(Base):
    """A session, by its id."""

    __tablename__ = "rival_session"
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    status: Mapped[str] = mapped_column(String(12))
    kwh: Mapped[Any] = mapped_column(Numeric(12, 4))
    last_updated: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    raw: Mapped[dict] = mapped_column(JSON)


class Token(BaseModel):
    country_code: str
    party_id: str
    uid: str
    type: str
    contract_id: str


class Charging(BaseModel):
    """A Session of OCPI 2.2.1, as far as the benchmark sends it."""

    country_code: str
    party_id: str
    id: str
    start_date_time: datetime
    kwh: float
    cdr_token: Token
    auth_method: str
    authorization_reference: str | None = None
    location_id: str
    evse_uid: str
    connector_id: str
    currency: str
    charging_periods: list[dict] = []
    status: str
    last_updated: datetime


def upsert(session: Session, data: Charging, raw: dict) -> None:
    """One statement, one commit."""
    key = f"{data.country_code}*{data.party_id}*{data.id}"
    values = {"status": data.status, "kwh": data.kwh, "last_updated": data.last_updated, "raw": raw}
    statement = insert(Row).values(id=key, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
    session.commit()


@app.put("/ocpi/emsp/2.2.1/sessions/{country_code}/{party_id}/{session_id}")
def put(country_code: str, party_id: str, session_id: str, body: dict) -> dict:
    """Validate, upsert."""
    with Session(engine) as session:
        upsert(session, Charging(**body), body)
    return {"status_code": 1000}


@app.patch("/ocpi/emsp/2.2.1/sessions/{country_code}/{party_id}/{session_id}")
def patch(country_code: str, party_id: str, session_id: str, body: dict) -> dict:
    """Read, merge, validate, upsert."""
    with Session(engine) as session:
        row = session.get(Row, f"{country_code}*{party_id}*{session_id}")
        if row is None:
            raise HTTPException(404)
        raw = {**row.raw, **body}
        upsert(session, Charging(**raw), raw)
    return {"status_code": 1000}


Base.metadata.create_all(engine)
