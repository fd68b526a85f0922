"""What staff's login, second factor and history cost a push: nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from auditlog.context import disable_auditlog
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import location_data, session_data
from tests.ocpi.server.conftest import Cpo

OF_STAFF = (
    "partners_historyentry",
    "auth_user",
    "auth_group",
    "auth_permission",
    "otp_",
    "axes_",
    "django_session",
    "django_content_type",
)
PUSHES: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "new session": ("sessions/SK/ION/{}", lambda name: session_data(name)),
    "newer session": ("sessions/SK/ION/S-1", lambda _: session_data(kwh=1, last_updated="2027-01-01T10:00:00Z")),
    "location": ("locations/SK/ION/{}", lambda name: location_data(name)),
}


def statements(cpo: Cpo, push: str, name: str) -> list[str]:
    """What the push costs; it is about an object of this name."""
    path, data = PUSHES[push]
    with CaptureQueriesContext(connection) as captured:
        assert cpo.put(path.format(name), data(name)).status_code in (200, 201)
    return [query["sql"] for query in captured]


@pytest.mark.parametrize("push", PUSHES)
def test_a_push_reads_and_writes_no_table_of_staff(cpo: Cpo, push: str) -> None:
    cpo.put("sessions/SK/ION/S-1", session_data())
    assert [sql for sql in statements(cpo, push, "X-1") if any(table in sql for table in OF_STAFF)] == []


@pytest.mark.parametrize("push", ["new session", "location"])
def test_it_takes_as_many_statements_as_without_a_history(cpo: Cpo, push: str) -> None:
    statements(cpo, push, "X-0")
    watched = statements(cpo, push, "X-1")
    with disable_auditlog():
        assert len(statements(cpo, push, "X-2")) == len(watched)
