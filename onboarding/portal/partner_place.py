"""What the CPO can do on its page now: that depends on the stage and on which of its connections the link is for."""

from dataclasses import dataclass

from onboarding.guide import ORDER, Stage
from onboarding.models import Onboarding
from onboarding.stages import moving
from onboarding.testing.functional_tests import TESTABLE
from partners.models import Partner

INTAKE_OPEN = (Stage.PRE_INTEGRATION, Stage.INFRASTRUCTURE)
BEFORE_CONNECTION = (Stage.INFRASTRUCTURE, Stage.HANDSHAKE)


@dataclass(frozen=True)
class Place:
    """Where the partner stands.

    Attributes:
        may_enter: information of guide 3.1 can be entered and changed: until the handshake begins.
        may_fetch: the data sheet is there.
        may_reveal: Token B is of use: the endpoint is being made and no connection stands yet.
        may_judge: tests get their verdicts.
        may_sign: the sign-off form is open.
        signing: it is open, or was signed.
    """

    onboarding: Onboarding
    stage: Stage
    may_enter: bool
    may_fetch: bool
    may_reveal: bool
    may_judge: bool
    may_sign: bool
    signing: bool


def place_of(partner: Partner) -> Place:
    onboarding = moving.of(partner)
    stage = Stage(onboarding.stage)
    in_production = onboarding.partner_id != partner.pk
    new = partner.connection == Partner.Connection.NOT_CONNECTED
    stored = onboarding.pk is not None
    return Place(
        onboarding=onboarding,
        stage=stage,
        may_enter=new and (in_production or stage in INTAKE_OPEN),
        may_fetch=stage in ORDER and stage != Stage.PRE_INTEGRATION,
        may_reveal=new and (in_production or stage in BEFORE_CONNECTION),
        may_judge=stored and stage in TESTABLE,
        may_sign=stored and stage == Stage.GO_LIVE,
        signing=stored and stage in (Stage.GO_LIVE, Stage.LIVE),
    )
