"""Pages of a document: one look for all of them. A4, DejaVu (Latin, Greek, Cyrillic), header and page numbers.

Only `partners.paper.begin.begin` imports this: fpdf2 takes longer to import than Django.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from partners.ground import languages
from partners.paper.written import Cell, Written

FONTS = Path(__file__).parent / "fonts"
SANS, MONO = "DejaVu", "DejaVuMono"
INK, QUIET, BRAND, LINE, WASH = (17, 32, 27), (74, 90, 84), (11, 110, 79), (200, 210, 206), (243, 246, 245)
TONES = {"good": BRAND, "bad": (179, 38, 30), "act": (138, 75, 0), "calm": QUIET}
MARGIN, LABEL_WIDTH = 20, 54
ROOM = 1.7  # mm above and below a row's text


class Sheet(FPDF):
    """A document under construction: `heading`, `text`, `facts`, `table`, then `written`."""

    def __init__(self, title: str, subtitle: str) -> None:
        super().__init__(format="A4")
        self.title_text = title
        self.set_margins(MARGIN, 26, MARGIN)
        self.set_auto_page_break(True, margin=22)
        self.add_font(SANS, "", FONTS / "DejaVuSans.ttf")
        self.add_font(SANS, "B", FONTS / "DejaVuSans-Bold.ttf")
        self.add_font(MONO, "", FONTS / "DejaVuSansMono.ttf")
        self.made_at = timezone.localtime()
        self.set_title(f"{title}: {subtitle}")
        self.set_author(settings.OCPI_BUSINESS_NAME)
        self.set_creation_date(self.made_at)
        self.set_lang(languages.current())
        self.add_page()
        self._title(title, subtitle)

    def header(self) -> None:
        """The brand, on every page."""
        self.set_fill_color(*BRAND)
        self.rect(MARGIN, 13.2, 3, 3, style="F", round_corners=True, corner_radius=0.8)
        self.set_xy(MARGIN + 5, 12)
        self._font(9, bold=True)
        self.cell(60, 5.4, settings.OCPI_BUSINESS_NAME)
        self._font(8, colour=QUIET)
        self.set_xy(-MARGIN - 90, 12)
        self.cell(90, 5.4, self.title_text, align="R")
        self.set_draw_color(*LINE)
        self.line(MARGIN, 19.5, self.w - MARGIN, 19.5)
        self.set_xy(MARGIN, 26)

    def footer(self) -> None:
        self.set_xy(MARGIN, -16)
        self._font(7.5, colour=QUIET)
        made = gettext("Made {moment}").format(moment=f"{languages.moment(self.made_at)} {self.made_at:%Z}")
        self.cell(120, 5, f"{made} · {settings.SUPPORT_EMAIL}")
        self.set_x(-MARGIN - 40)
        self.cell(40, 5, gettext("Page {number} of {count}").format(number=self.page_no(), count="{nb}"), align="R")

    def _font(self, size: float, *, bold: bool = False, mono: bool = False, colour: Sequence[int] = INK) -> None:
        self.set_font(MONO if mono else SANS, "B" if bold and not mono else "", size)
        self.set_text_color(*colour)

    def _paragraph(self, text: str, height: float) -> None:
        self.multi_cell(0, height, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _title(self, title: str, subtitle: str) -> None:
        self._font(20, bold=True)
        self._paragraph(title, 9)
        self._font(10.5, colour=QUIET)
        self._paragraph(subtitle, 6)
        self.ln(5)

    def _keep_together(self, height: float) -> None:
        if self.will_page_break(height):
            self.add_page()

    def heading(self, text: str, room: float = 26) -> None:
        """Begin a part, on a new page where less than `room` mm are left."""
        self._keep_together(room)
        self.ln(4)
        self._font(12.5, bold=True)
        self._paragraph(text, 6.5)
        self.ln(1.5)

    def text(self, text: str, *, colour: Sequence[int] = INK) -> None:  # type: ignore[override]
        """A paragraph."""
        self._font(9.5, colour=colour)
        self._paragraph(text, 5.2)
        self.ln(1.5)

    def note(self, text: str) -> None:
        """A paragraph that can be skipped."""
        self.ln(1)
        self._font(8.5, colour=QUIET)
        self._paragraph(text, 4.8)

    def number(self, texts: Iterable[str]) -> None:
        """Steps, in order."""
        for number, text in enumerate(texts, 1):
            self._keep_together(12)
            self._font(9.5, bold=True, colour=BRAND)
            self.cell(7, 5.2, f"{number}")
            self._font(9.5)
            self.multi_cell(0, 5.2, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            self.ln(1.3)

    def facts(self, rows: Iterable[tuple[str, str | Sequence[str]]], mono: Sequence[str] = ()) -> None:
        """Names and values. A value with several lines is a sequence."""
        shown = [(name, [value] if isinstance(value, str) else list(value)) for name, value in rows]
        with self._table((LABEL_WIDTH, self.epw - LABEL_WIDTH)) as table:
            for name, values in shown:
                row = table.row()
                row.cell(name, style=FontFace(color=QUIET))
                family = MONO if name in mono else SANS
                row.cell("\n".join(values), style=FontFace(family=family, color=INK))

    def table(  # type: ignore[override]
        self, head: Sequence[str], rows: Iterable[Sequence[Cell]], widths: Sequence[int], *, tight: bool = False
    ) -> None:
        """A table whose head is repeated on every page. `widths` are relative."""
        with self._table(widths, head=True, padding=0.8 if tight else ROOM) as table:
            row = table.row()
            for name in head:
                row.cell(name)
            for cells in rows:
                row = table.row()
                for text, tone in (cell if isinstance(cell, tuple) else (cell, "") for cell in cells):
                    row.cell(text, style=FontFace(color=TONES[tone], emphasis="BOLD") if tone else None)

    def _table(self, widths: Sequence[float], *, head: bool = False, padding: float = ROOM) -> Any:
        self._font(8.8)
        self.set_draw_color(*LINE)
        return super().table(
            col_widths=tuple(widths),
            width=self.epw,
            text_align="LEFT",
            line_height=4.9,
            padding=(padding, 1.5),
            v_align="T",
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            first_row_as_headings=head,
            headings_style=FontFace(emphasis="BOLD", color=QUIET, fill_color=WASH),
        )

    def signatures(self, boxes: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> None:
        """One box per party, beside each other: names and values, empty ones to be written by hand."""
        gap, height = 10.0, 6.5
        width = (self.epw - gap * (len(boxes) - 1)) / len(boxes)
        self._keep_together(8 + 2 * height * max(len(lines) for _, lines in boxes))
        top = self.get_y()
        for number, (party, lines) in enumerate(boxes):
            left = MARGIN + number * (width + gap)
            self.set_xy(left, top)
            self._font(9.5, bold=True)
            self.multi_cell(width, 6, party, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
            for name, value in lines:
                self._font(7.5, colour=QUIET)
                self.cell(width, 4.5, name, new_x=XPos.LEFT, new_y=YPos.NEXT)
                self._font(9)
                self.multi_cell(width, height, value, align="L", border="B", new_x=XPos.LEFT, new_y=YPos.NEXT)
        self.set_x(MARGIN)

    def finish(self, name: str) -> Written:
        """Finish the document."""
        return Written(name, bytes(self.output()))
