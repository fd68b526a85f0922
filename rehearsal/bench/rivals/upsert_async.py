"""The same as `upsert`, on the event loop: FastAPI and SQLAlchemy's asyncio.

Runs in the rivals' own virtual environment.
"""
# mypy: ignore-errors

from fastapi import FastAPI, HTTPException
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from rehearsal.bench.rivals.sessions_table import URL, Base, Charging, Row, upserting

engine = create_async_engine(URL, pool_size=10, max_overflow=0)
app = FastAPI()
DONE = {"status_code": 1000}


async def store(session: AsyncSession, raw: dict) -> dict:
    """One statement, one commit."""
    await session.execute(upserting(Charging(**raw), raw))
    await session.commit()
    return DONE


@app.put("/ocpi/emsp/2.2.1/sessions/{country_code}/{party_id}/{session_id}")
async def put(country_code: str, party_id: str, session_id: str, body: dict) -> dict:
    """Validate, upsert."""
    async with AsyncSession(engine) as session:
        return await store(session, body)


@app.patch("/ocpi/emsp/2.2.1/sessions/{country_code}/{party_id}/{session_id}")
async def patch(country_code: str, party_id: str, session_id: str, body: dict) -> dict:
    """Read, merge, validate, upsert."""
    async with AsyncSession(engine) as session:
        row = await session.get(Row, f"{country_code}*{party_id}*{session_id}")
        if row is None:
            raise HTTPException(404)
        return await store(session, {**row.raw, **body})


Base.metadata.create_all(create_engine(URL))
