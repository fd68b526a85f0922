"""What the walkthrough looks at is there."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User

from rehearsal.walkthrough.tour import LISTS


@pytest.mark.parametrize("path", LISTS.values(), ids=LISTS)
def test_each_list_that_it_opens_is_a_page_of_the_admin(path: str) -> None:
    app, name = path.split("/")
    model = apps.get_model(app, name)
    assert admin.site.is_registered(User)
    assert admin.site.is_registered(model)
