"""The platform's programs on real servers, without disturbing what else uses them."""

import os
from pathlib import Path
from uuid import uuid4

import pytest
import redis

from billing.models import PaymentAuthorization
from billing.payments.services import open_authorization
from tests.support.processes import eventually
from tests.support.programs import manage, server_environment, worker

pytestmark = pytest.mark.slow

RESERVE = """
from billing.models import PaymentAuthorization
from billing.payments.services import request_reserve
request_reserve(PaymentAuthorization.objects.get().pk)
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_on_redis_serves_this_test_and_nobody_else(tmp_path: Path) -> None:
    environment = server_environment(tmp_path)
    opened = open_authorization(reference=str(uuid4()), amount=4000, currency="EUR", payment_method="pm_sim_ok")
    with worker(environment, tmp_path / "worker.log"):
        manage(environment, "shell", "--verbosity", "0", "-c", RESERVE)
        eventually(lambda: PaymentAuthorization.objects.get(pk=opened.pk).state == "reserved")
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as connection:
            assert connection.keys(f"{environment['REDIS_KEY_PREFIX']}*")
            assert not connection.exists("_kombu.binding.engine")
