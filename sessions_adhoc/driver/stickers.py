"""The QR codes of a station on paper: to cut out and put on its chargers."""

from typing import TYPE_CHECKING

from ocpi.charger_codes import group
from ocpi.models import Evse, Location
from partners.paper.begin import begin
from partners.paper.written import Written
from sessions_adhoc.driver.pages.charger import public_url

if TYPE_CHECKING:
    from partners.paper.sheet import Sheet

COLUMNS, ROWS = 2, 3
LEFT, TOP, WIDTH, HEIGHT = 20.0, 52.0, 85.0, 74.0
QUIET_ZONE = 4
"""Modules without ink around a code (ISO/IEC 18004)."""

SIDE = 46.0
"""Of a code with its quiet zone, in millimetres: read from half a metre."""

GONE = "REMOVED"


def write_stickers(place: Location) -> Written:
    """Return a PDF with a sticker for each charger of the station, six on a page: code, EVSE ID, and what to type."""
    sheet = begin("QR codes", place.name or place.ocpi_id)
    sheet.set_auto_page_break(False)
    for number, evse in enumerate(place.evses.exclude(status=GONE).order_by("evse_id", "pk")):
        spot = number % (COLUMNS * ROWS)
        if number and spot == 0:
            sheet.add_page()
        row, column = divmod(spot, COLUMNS)
        _sticker(sheet, evse, LEFT + column * WIDTH, TOP + row * HEIGHT)
    return sheet.finish(f"qr-codes-{place.ocpi_id}.pdf")


def _sticker(sheet: "Sheet", evse: Evse, left: float, top: float) -> None:
    sheet.set_draw_color(200, 210, 206)
    sheet.rect(left, top, WIDTH, HEIGHT)
    _code(sheet, public_url(evse), left + (WIDTH - SIDE) / 2, top + 2)
    lines = (("B", 11, str(evse)), ("", 8, public_url(evse).partition("://")[2]), ("B", 10, group(evse.code)))
    sheet.set_text_color(17, 32, 27)
    sheet.set_xy(left, top + SIDE + 4)
    for style, size, text in lines:
        sheet.set_font("DejaVu", style, size)
        sheet.set_x(left + 2)
        sheet.multi_cell(WIDTH - 4, 6, text, align="C", new_x="LMARGIN", new_y="NEXT")


def _code(sheet: "Sheet", text: str, left: float, top: float) -> None:
    """Drawn as squares: sharp at any size."""
    import segno

    rows = list(segno.make_qr(text, error="m").matrix)
    module = SIDE / (len(rows) + 2 * QUIET_ZONE)
    sheet.set_fill_color(0, 0, 0)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                place = left + (x + QUIET_ZONE) * module, top + (y + QUIET_ZONE) * module
                sheet.rect(*place, module, module, style="F")
