"""Where an integration stands, what was tested and signed, and what the CPO did on its page."""

from onboarding.models.alert import Alert, AlertChannel
from onboarding.models.allowlist import AllowlistMirror
from onboarding.models.connection_check import ConnectionCheck, ConnectionCheckCase
from onboarding.models.onboarding import (
    Evidence,
    FunctionalTest,
    GoLiveAction,
    Onboarding,
    SignOff,
    StageChange,
    StageOverride,
)
from onboarding.models.planned import PlannedChange
from onboarding.models.portal import ChecklistItem, LinkEvent, PartnerLink
from onboarding.models.scorecard import ScoreDay

__all__ = [
    "Alert",
    "AlertChannel",
    "AllowlistMirror",
    "ChecklistItem",
    "ConnectionCheck",
    "ConnectionCheckCase",
    "Evidence",
    "FunctionalTest",
    "GoLiveAction",
    "LinkEvent",
    "Onboarding",
    "PartnerLink",
    "PlannedChange",
    "ScoreDay",
    "SignOff",
    "StageChange",
    "StageOverride",
]
