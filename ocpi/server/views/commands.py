"""Results of commands: what a CPO posts to the `response_url` that we gave it (OCPI 2.2.1 §13.2.1)."""

from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from ocpi import receivers
from ocpi.calls.results import read_result
from ocpi.models import Command
from ocpi.receivers import Names
from ocpi.server.views.base import OcpiView
from ocpi.store.columns import text
from partners.models import Partner

CANCELED = "CANCELED_RESERVATION"


class CommandResultView(OcpiView):
    """POST: the first result counts; a reservation may still be cancelled after it. Sending again does no harm."""

    module = "commands"

    def about(self, variables: dict[str, Any]) -> Names:
        return Names(command_id=str(variables["command_id"]))

    def post(self, request: Request, kind: str, command_id: str) -> Response:
        version, partner = self.the_version(), self.the_caller().partner
        if not Command.objects.filter(pk=command_id, partner=partner, kind=kind).exists():
            raise Http404
        parsed = read_result(version, version.command_result_kind, self.body())
        self.leniences += parsed.leniences
        self.objects.append(f"command:{command_id}")
        taken = take_result(partner, command_id, parsed.obj)
        return self.ok(message="Success" if taken else "A result was received before: nothing was changed.")


def take_result(partner: Partner, command_id: str, outcome: Any) -> bool:
    """Store a CommandResult (2.1.1: a CommandResponse) and tell whom it concerns; False when one was there before."""
    with transaction.atomic():
        command = Command.objects.select_for_update().get(pk=command_id, partner=partner)
        result = text(Command, "result", outcome.result)
        cancels = result == CANCELED and command.kind == Command.Kind.RESERVE_NOW
        if command.result and (not cancels or command.result == result):
            return False
        command.result, command.result_at = result, timezone.now()
        words = " / ".join(str(message.text) for message in outcome.message)
        command.result_text = text(Command, "result_text", words)
        command.save(update_fields=["result", "result_text", "result_at"])
        receivers.command_changed(command)
    return True
