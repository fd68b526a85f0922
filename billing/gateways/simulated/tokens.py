"""Payment methods that make the simulated gateway behave in one particular way."""

from dataclasses import dataclass
from datetime import timedelta

HOLD = timedelta(days=7)
SHORT_HOLD = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class TestToken:
    """A payment method that makes the simulated gateway behave in one particular way."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    description: str
    slow: bool = False
    decline_code: str = ""
    unreachable: bool = False
    loses_answer_to: str = ""
    refuses: str = ""
    hold: timedelta = HOLD


TEST_TOKENS: dict[str, TestToken] = {
    "pm_sim_ok": TestToken("Reserves, captures and releases at once."),
    "pm_sim_slow": TestToken(
        "Every request is answered 'pending' first and done after SIMULATED_GATEWAY_DELAY_MS.", slow=True
    ),
    "pm_sim_declined": TestToken("The bank declines the reservation.", decline_code="card_declined"),
    "pm_sim_insufficient_funds": TestToken(
        "The bank declines the reservation: not enough money.", decline_code="insufficient_funds"
    ),
    "pm_sim_unreachable": TestToken("The gateway cannot be reached; nothing is reserved.", unreachable=True),
    "pm_sim_reserves_then_times_out": TestToken(
        "Reserves the money, but the first answer is lost.", loses_answer_to="reserve"
    ),
    "pm_sim_captures_then_times_out": TestToken(
        "Captures the money, but the first answer is lost.", loses_answer_to="capture"
    ),
    "pm_sim_expires": TestToken("The reservation expires after one minute.", hold=SHORT_HOLD),
    "pm_sim_capture_refused": TestToken("Every capture is refused; release works.", refuses="capture"),
    "pm_sim_refund_refused": TestToken("Captures, but every refund is refused.", refuses="refund"),
    "pm_sim_raise_refused": TestToken("Reserves, but holds no more when asked for it.", refuses="raise"),
    "pm_sim_refunds_then_times_out": TestToken(
        "Refunds the money, but the first answer is lost.", loses_answer_to="refund"
    ),
}
