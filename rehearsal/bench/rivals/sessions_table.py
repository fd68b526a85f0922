"""What the rivals on FastAPI and SQLAlchemy share: a table of Sessions, one of messages, and a Session's shape.

Runs in the rivals' own virtual environment.
"""
# mypy: ignore-errors

import os
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import JSON, DateTime, Integer, Numeric, String, Text, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

URL = os.environ["BENCH_SQLALCHEMY_URL"]
LOGS = os.environ.get("BENCH_LOG") == "on"
"""Whether each message is kept, in the same transaction."""


class Base(DeclarativeBase):
    """The metadata of both tables."""


class Row(Base):
    """A session, by its id."""

    __tablename__ = "rival_session"
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    status: Mapped[str] = mapped_column(String(12))
    kwh: Mapped[Any] = mapped_column(Numeric(12, 4))
    last_updated: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    raw: Mapped[dict] = mapped_column(JSON)


class Kept(Base):
    """A message, as it came and as it was answered."""

    __tablename__ = "rival_message"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), index=True)
    method: Mapped[str] = mapped_column(String(8))
    path: Mapped[str] = mapped_column(String(255))
    headers: Mapped[dict] = mapped_column(JSON)
    request: Mapped[str] = mapped_column(Text)
    status: Mapped[int] = mapped_column(Integer)
    answer: Mapped[str] = mapped_column(Text)


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


def upserting(data: Charging, raw: dict) -> Any:
    """The statement that stores a Session."""
    key = f"{data.country_code}*{data.party_id}*{data.id}"
    values = {"status": data.status, "kwh": data.kwh, "last_updated": data.last_updated, "raw": raw}
    return insert(Row).values(id=key, **values).on_conflict_do_update(index_elements=["id"], set_=values)


def keeping(method: str, path: str, headers: dict, request: str, answer: str) -> Any:
    """The statement that keeps the message."""
    return insert(Kept).values(method=method, path=path, headers=headers, request=request, status=200, answer=answer)
