"""Helpers to test writing."""

import json
from datetime import UTC, datetime
from typing import Any

import ocpi.versions as ocpi
from ocpi.versions import Version


def convert(source: Version, kind: str, data: Any, target: Version) -> dict[str, Any]:
    """Read by one version, written by another; what is written is read back without a lenience."""
    written = target.dump(source.parse(kind, data).obj)
    assert json.loads(json.dumps(written)) == written
    assert target.parse(kind, written).leniences == ()
    return written


def own_token(**changes: Any) -> ocpi.Token:
    values: dict[str, Any] = {
        "country_code": "SK",
        "party_id": "SFP",
        "uid": "adhoc-1",
        "type": ocpi.TokenType.AD_HOC_USER,
        "contract_id": "SK-SFP-1",
        "issuer": "Smart Fuel Pass",
        "valid": True,
        "whitelist": ocpi.WhitelistType.NEVER,
        "last_updated": datetime(2026, 3, 1, 8, tzinfo=UTC),
    }
    return ocpi.Token(**(values | changes))
