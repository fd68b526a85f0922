"""The same request twice at the same moment, and what Django itself refuses."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404

from sessions_adhoc.driver import repeating
from sessions_adhoc.driver.api.refusing import answer_with_code
from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import AdHocSession, RepeatableRequest
from sessions_adhoc.states import State
from tests.driver import scene


@pytest.mark.django_db(transaction=True)
def test_the_second_waits_for_the_first_and_does_nothing() -> None:
    client, _ = create_client_key("app")
    session = scene.session_in(scene.station(), State.CHARGING, client=client)
    begun, go_on, done = Event(), Event(), list[str]()

    def send(name: str) -> UUID:
        def do() -> AdHocSession:
            begun.set()
            assert go_on.wait(20)
            done.append(name)
            return session

        try:
            return repeating.once(client, "k", "/stop/", {}, do, session.pk).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(send, "first")
        assert begun.wait(20)
        second = threads.submit(send, "second")
        with pytest.raises(TimeoutError):
            second.result(0.5)
        go_on.set()
        assert [first.result(20), second.result(20)] == [session.pk] * 2
    assert (done, RepeatableRequest.objects.count()) == (["first"], 1)


@pytest.mark.parametrize(("error", "code"), [(Http404(), "not_found"), (PermissionDenied(), "permission_denied")])
def test_what_django_refuses_has_a_code(error: Exception, code: str) -> None:
    answer = answer_with_code(error, {})
    assert answer is not None
    assert answer.data["code"] == code


def test_a_fault_of_ours_is_no_answer() -> None:
    assert answer_with_code(ValueError(), {}) is None
