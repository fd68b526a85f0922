"""A handshake's page says what is next for the partner when it has succeeded."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ocpi.admin.handshake import HandshakeRunAdmin
from ocpi.models import HandshakeRun
from onboarding.admin.workspace.pressing import next_strip
from onboarding.guide import Stage
from onboarding.stages import moving


@admin.register(HandshakeRun)
class StagedHandshakeAdmin(HandshakeRunAdmin):
    """Registrations with partners, step by step."""

    def refresh(self, row: HandshakeRun) -> int:
        """After it succeeded their first request with the new token is waited for, as long as the stage is."""
        if row.state == HandshakeRun.State.SUCCEEDED:
            return 3 if moving.of(row.partner).stage == Stage.HANDSHAKE else 0
        return super().refresh(row)

    def panels(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        succeeded = row.state == HandshakeRun.State.SUCCEEDED
        return {**super().panels(request, row), **(next_strip(request, row.partner) if succeeded else {})}
