"""FastAPI and SQLAlchemy: a Session is validated and upserted; no token, no news, and a log only if it is asked for.

Runs in the rivals' own virtual environment.
"""
# mypy: ignore-errors

import json

from fastapi import FastAPI, HTTPException, Request
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from rehearsal.bench.rivals.sessions_table import LOGS, URL, Base, Charging, Row, keeping, upserting

engine = create_engine(URL, pool_size=10, max_overflow=0)
app = FastAPI()
DONE = {"status_code": 1000}


def store(session: Session, raw: dict, request: Request, body: dict) -> dict:
    """One statement, or two, and one commit."""
    session.execute(upserting(Charging(**raw), raw))
    if LOGS:
        path, headers = request.url.path, dict(request.headers)
        session.execute(keeping(request.method, path, headers, json.dumps(body), json.dumps(DONE)))
    session.commit()
    return DONE


@app.put("/ocpi/emsp/2.2.1/sessions/{country_code}/{party_id}/{session_id}")
def put(country_code: str, party_id: str, session_id: str, body: dict, request: Request) -> dict:
    """Validate, upsert."""
    with Session(engine) as session:
        return store(session, body, request, body)


@app.patch("/ocpi/emsp/2.2.1/sessions/{country_code}/{party_id}/{session_id}")
def patch(country_code: str, party_id: str, session_id: str, body: dict, request: Request) -> dict:
    """Read, merge, validate, upsert."""
    with Session(engine) as session:
        row = session.get(Row, f"{country_code}*{party_id}*{session_id}")
        if row is None:
            raise HTTPException(404)
        return store(session, {**row.raw, **body}, request, body)


Base.metadata.create_all(engine)
