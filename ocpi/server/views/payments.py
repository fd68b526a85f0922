"""Payments: we are the Payment Terminal Provider, the sender (OCPI 2.3.0 Payments, mod_payments §5.1)."""

from rest_framework.request import Request
from rest_framework.response import Response

from ocpi.calls import payments
from ocpi.models import FinancialAdvice, Terminal
from ocpi.routing import module_url
from ocpi.server.pagination import page
from ocpi.server.views.base import OcpiView
from ocpi.store import terminals


class PaymentsView(OcpiView):
    """What the endpoints of this module share."""

    module = payments.MODULE

    def note_terminal(self, row: Terminal) -> None:
        self.objects.append(f"terminal:{row.terminal_id}")


class TerminalsView(PaymentsView):
    """GET: the partner's terminals in pages (§5.1.1.1)."""

    def get(self, request: Request) -> Response:
        version, partner = self.the_version(), self.the_caller().partner
        url = f"{module_url(partner, version, self.module)}/{payments.TERMINALS}"
        found = page(terminals.terminals_of(partner), request.query_params, url)
        self.leniences += found.leniences
        return self.ok([terminals.terminal_wire(row, version) for row in found.rows], headers=found.headers)


class TerminalView(PaymentsView):
    """GET, PUT, PATCH of a terminal: the CPO tells its place, its invoices and which EVSEs it serves."""

    def get(self, request: Request, terminal_id: str) -> Response:
        row = terminals.terminal_row(self.the_caller().partner, terminal_id)
        return self.answer_found(terminals.terminal_wire(row, self.the_version()) if row else None)

    def put(self, request: Request, terminal_id: str) -> Response:
        return self._change(terminal_id)

    def patch(self, request: Request, terminal_id: str) -> Response:
        return self._change(terminal_id)

    def _change(self, terminal_id: str) -> Response:
        result = terminals.change_terminal(self.the_caller().partner, terminal_id, self.body(), self.the_version())
        self.leniences += result.leniences
        self.note_terminal(result.row)
        return self.ok()


class ActivateView(PaymentsView):
    """POST: activate a terminal; it is created at the CPO once it is set up (§5.1.1.5)."""

    def post(self, request: Request) -> Response:
        result = payments.activate(self.the_caller().partner, self.body(), self.the_version())
        self.leniences += result.leniences
        self.note_terminal(result.row)
        return self.ok()


class DeactivateView(PaymentsView):
    """POST: deactivate a terminal (§5.1.1.6)."""

    def post(self, request: Request, terminal_id: str) -> Response:
        self.note_terminal(payments.deactivate(self.the_caller().partner, terminal_id))
        return self.ok()


class ConfirmationsView(PaymentsView):
    """GET: what was captured, in pages (§5.1.2.1)."""

    def get(self, request: Request) -> Response:
        version, partner = self.the_version(), self.the_caller().partner
        url = f"{module_url(partner, version, self.module)}/{payments.CONFIRMATIONS}"
        rows = FinancialAdvice.objects.filter(partner=partner).order_by("created_at", "pk")
        found = page(rows, request.query_params, url)
        self.leniences += found.leniences
        return self.ok([row.raw for row in found.rows], headers=found.headers)


class ConfirmationView(PaymentsView):
    """GET: one of them (§5.1.2.2)."""

    def get(self, request: Request, advice_id: str) -> Response:
        row = FinancialAdvice.objects.filter(partner=self.the_caller().partner, advice_id=advice_id).first()
        return self.answer_found(row.raw if row else None)
