"""A list as CSV, as it is filtered and harmless in a spreadsheet; filters that are kept; partners from a sheet."""

import csv
import io
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ocpi.models import Location, Message
from partners.admin.kit.exporting import AT_ONCE, ExportMixin, harmless
from partners.models import HistoryEntry, Partner, SavedFilter
from tests.admin import rows
from tests.admin.rows import World
from tests.factories import LocationFactory, PartnerFactory

pytestmark = pytest.mark.usefixtures("shared_world")
HEAD = "code,name,country_code,party_id,versions_url,contact_name,contact_email,networks"
GOOD = "new1,New One,SK,NW1,https://new1.example/ocpi/versions,Ana Nová,ana@new1.example,81.2.3.4 81.2.4.0/24"
LISTS = [model for model, page in admin.site._registry.items() if isinstance(page, ExportMixin)]


def url(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def sheet(browser: Client, model: Any, **query: Any) -> list[list[str]]:
    answer: Any = browser.get(url(model, "export"), query)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv")
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_every_list_comes_as_csv(page: Client, world: World, model: Any) -> None:
    lines = sheet(page, model)
    assert len(lines) >= 2
    assert {len(line) for line in lines} == {len(lines[0])}
    assert not [cell for line in lines for cell in line if "<span" in cell or "sfp-" in cell or "&quot;" in cell]


def test_it_is_filtered_as_the_list_is(page: Client, world: World) -> None:
    other = PartnerFactory.create(name="Another, with “quotes” and\nlines")
    assert [line[0] for line in sheet(page, Partner, q=other.code)[1:]] == [other.name]
    one, two = rows.message(world.partner, http_status=404), rows.message(other, http_status=404)
    lines = sheet(page, type(one), partner__id__exact=other.pk, outcome="failed")
    assert len(lines) == 2
    assert lines[1] != sheet(page, type(two), partner__id__exact=world.partner.pk, outcome="failed")[1]


def test_a_formula_is_text(page: Client, world: World) -> None:
    LocationFactory.create(name='=HYPERLINK("http://x.example","a")', partner=world.partner)
    cells = [cell for line in sheet(page, Location) for cell in line if "HYPERLINK" in cell]
    assert cells == ['\'=HYPERLINK("http://x.example","a")']
    for text in ("=1+1", "@SUM(A1)", "\t=1", "+cmd|' /C calc'!A0", "-2+3", "\r=1"):
        assert harmless(text) == f"'{text}"
    for text in ("-3.01", "+421", "-3.01 EUR", "12", "", "a=b", "- "):
        assert harmless(text) == (text if text != "- " else "'- ")


def test_a_long_list_is_read_in_pieces_and_all_of_it_comes(page: Client, world: World) -> None:
    def read() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            lines = len(sheet(page, Message, partner__id__exact=world.partner.pk)) - 1
        return lines, len(queries)

    first, few = read()
    message = Message.objects.get(pk=world.message.pk)
    for _ in range(3):
        rows.message(world.partner)
    some, as_few = read()
    assert (some - first, as_few - few) == (3, 0)
    Message.objects.bulk_create(
        Message(partner=world.partner, at=message.at, direction="in", method="GET", url=f"/{number}")
        for number in range(2 * AT_ONCE)
    )
    many, more = read()
    assert (many - some, more - as_few) == (2 * AT_ONCE, 2)


def test_who_may_not_look_gets_no_file(db: None, world: World) -> None:
    nobody = Client()
    nobody.force_login(User.objects.create_user("nobody", is_staff=True))
    assert nobody.get(url(Partner, "export")).status_code == 403
    assert Client().get(url(Partner, "export")).status_code == 302


def test_a_filter_is_kept_for_the_person_alone(page: Client, viewer: Client, world: World) -> None:
    save, home = url(Partner, "save_filter"), url(Partner, "changelist")
    for browser, name, query in (
        (page, "Mine <b>", "stage=live&p=3"),
        (page, "Mine <b>", "stage=testing&q=ä"),
        (viewer, "Theirs", "stage=live"),
    ):
        assert browser.post(save, {"name": name, "query": query}).status_code == 302
    for refused in (
        {"name": "", "query": "stage=live"},
        {"name": "x" * 61, "query": "a=b"},
        {"name": "p", "query": "p=1"},
    ):
        page.post(save, refused)
    assert list(SavedFilter.objects.order_by("pk").values_list("user__username", "name", "query")) == [
        ("boss", "Mine <b>", "stage=testing&q=%C3%A4"),
        ("viewer", "Theirs", "stage=live"),
    ]
    shown = page.get(home, {"stage": "testing", "q": "ä"}).content.decode()
    assert "Mine &lt;b&gt;" in shown
    assert "Theirs" not in shown
    own, theirs = SavedFilter.objects.order_by("pk")
    for chosen in (theirs.pk, "", "x", "9" * 40, own.pk):
        assert page.post(url(Partner, "forget"), {"pk": chosen}).status_code == 302
    assert list(SavedFilter.objects.all()) == [theirs]
    assert page.get(save).status_code == 405


def upload(browser: Client, text: str | bytes) -> Any:
    content = text if isinstance(text, bytes) else text.encode()
    file = SimpleUploadedFile("partners.csv", content, "text/csv")
    return browser.post(reverse("admin:partners_partner_import"), {"file": file})


def test_a_sheet_is_tried_before_anything_is_stored(page: Client, world: World) -> None:
    before = Partner.objects.count()
    tried = upload(page, f"{HEAD}\n{GOOD}\n\n").content.decode()
    assert "all can be stored" in tried
    assert (Partner.objects.count(), HistoryEntry.objects.filter(object_repr__contains="New One").count()) == (
        before,
        0,
    )
    answer = page.post(reverse("admin:partners_partner_import"), {"text": f"{HEAD}\n{GOOD}\n", "go": "1"})
    assert answer.status_code == 302
    made = Partner.objects.get(code="new1")
    assert (made.name, made.party_id, made.environment, made.connection) == ("New One", "NW1", "test", "not_connected")
    assert [one.email for one in made.contacts.all()] == ["ana@new1.example"]
    assert sorted(row.network for row in made.allowed_networks.all()) == ["81.2.3.4", "81.2.4.0/24"]
    again = page.post(reverse("admin:partners_partner_import"), {"text": f"{HEAD}\n{GOOD}\n", "go": "1"})
    assert "with faults" in again.content.decode()
    assert Partner.objects.count() == before + 1


def test_one_fault_keeps_all_out_and_each_is_named(page: Client, world: World) -> None:
    twice = GOOD.replace("New One", "<i>Again</i>")
    wrong = "new2;Wrong".replace(";", ",") + ",XX,TOOLONG,ftp://x,,not-a-mail,10.0.0.0/2"
    shown = upload(page, f"{HEAD}\n{GOOD}\n{twice}\n{wrong}").content.decode()
    for words in (
        "2 with faults",
        "party_id:",
        "contact_email:",
        "&lt;i&gt;Again",
        "nothing is stored until all are right",
    ):
        assert words in shown, words
    page.post(reverse("admin:partners_partner_import"), {"text": f"{HEAD}\n{GOOD}\n{wrong}", "go": "1"})
    assert not Partner.objects.filter(code__in=["new1", "new2"]).exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Choose a file."),
        ("code,name\nx,y", "Columns are missing: country_code, party_id, versions_url."),
        (f"{HEAD},token_a\n{GOOD},x", "A token is a secret"),
        (f"{HEAD},colour\n{GOOD},red", "Unknown columns: colour."),
        (f"{HEAD}\n,,,,,,,\n", "There is no row"),
        (f"{HEAD}\n" + f"{GOOD}\n" * 501, "501 rows are too many at once"),
        (b"\xff\xfe\x00bad", "CSV in UTF-8"),
        (f'{HEAD}\n"{GOOD}', "This is no CSV"),
    ],
)
def test_what_is_no_sheet_is_refused(page: Client, world: World, text: str | bytes, words: str) -> None:
    answer = upload(page, text)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_viewer_imports_nothing(viewer: Client, world: World) -> None:
    assert viewer.get(reverse("admin:partners_partner_import")).status_code == 403
    assert upload(viewer, f"{HEAD}\n{GOOD}").status_code == 403
    assert not Partner.objects.filter(code="new1").exists()
