"""Signatures of Standard Webhooks: those of others are read, ours are as the standard has them, all else is refused."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from partners.ground import signing
from rehearsal.back_office_fake import signatures

# The example of the standard's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, STAMP = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
BODY = b'{"test": 2432232314}'
RIGHT = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = datetime.fromtimestamp(STAMP, UTC)
NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()


def signed(**changes: str) -> dict[str, str]:
    return {"webhook-id": ID, "webhook-timestamp": str(STAMP), "webhook-signature": RIGHT} | changes


def test_it_signs_as_the_standard_says() -> None:
    assert signing.sign([SECRET], ID, NOW, BODY) == signed()


@pytest.mark.parametrize("off", [-300, 0, 300])
def test_what_is_signed_now_is_known_by_its_id(off: int) -> None:
    assert signing.verify([SECRET], signed(), BODY, NOW + timedelta(seconds=off)) == ID


def test_one_right_signature_among_others_is_enough() -> None:
    headers = signed(**{"webhook-signature": f"v1a,x v1,bm9uc2Vuc2U= {RIGHT}"})
    assert signing.verify([SECRET], headers, BODY, NOW) == ID


def test_while_a_secret_is_replaced_either_will_do() -> None:
    assert signing.verify([NEW, SECRET], signed(), BODY, NOW) == ID
    both = signing.sign([NEW, SECRET], ID, NOW, BODY)
    for secret in (NEW, SECRET):
        assert signing.verify([secret], both, BODY, NOW) == ID
        assert signatures.is_right(secret, both, STAMP, BODY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"secrets": [NEW]},
        {"secrets": []},
        {"now": NOW + timedelta(seconds=301)},
        {"now": NOW - timedelta(seconds=301)},
        {"body": BODY + b" "},
        {"webhook-id": "msg_other"},
        {"webhook-id": ""},
        {"webhook-timestamp": str(STAMP + 1)},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "²"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": RIGHT.replace("v1,", "v1a,")},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": "x " * 10 + RIGHT},
    ],
)
def test_what_is_not_signed_now_by_one_of_ours_is_refused(wrong: dict[str, Any]) -> None:
    headers = signed(**{name: value for name, value in wrong.items() if name.startswith("webhook-")})
    with pytest.raises(signing.NotSigned, match=r"^The signature is missing, wrong, or too old\.$"):
        signing.verify(wrong.get("secrets", [SECRET]), headers, wrong.get("body", BODY), wrong.get("now", NOW))


def test_an_id_that_is_too_long_is_refused_though_it_is_signed() -> None:
    headers = signing.sign([SECRET], "x" * 256, NOW, BODY)
    with pytest.raises(signing.NotSigned):
        signing.verify([SECRET], headers, BODY, NOW)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", SECRET.removeprefix("whsec_"), "whsec_é", "whsec_*"]
)
def test_what_is_no_secret_signs_nothing(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes"):
        signing.sign([secret], ID, NOW, BODY)
