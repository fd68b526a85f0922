"""What drivers are told of a session: a sentence for each state and reason, true of the money too (rule 40).

In English; whoever shows one translates it.
"""

from django.utils.translation import gettext_noop

from sessions_adhoc.states import State

MESSAGES = {
    State.CREATED: gettext_noop("One moment: your payment is being prepared."),
    State.AUTHORIZING: gettext_noop("Reserving your payment."),
    State.AUTHORIZED: gettext_noop("Your payment is reserved."),
    State.WAITING_FOR_CONNECTOR: gettext_noop("Plug in your car: charging starts by itself."),
    State.STARTING: gettext_noop("Starting the charger. Plug in your car if you have not yet."),
    State.VALIDATING: gettext_noop("The charger has started. Waiting for the first energy."),
    State.CHARGING: gettext_noop("Charging."),
    State.STOPPING: gettext_noop("Stopping."),
    State.AWAITING_CDR: gettext_noop("Charging is over. Waiting for the operator's bill."),
    State.ESCALATED: gettext_noop("We are looking into this with the charger's operator."),
    State.SETTLED: gettext_noop("Done. Thank you for charging."),
    State.FAILED: gettext_noop("The session has ended. Nothing was charged to you."),
    State.CANCELLED: gettext_noop("Cancelled. Nothing was charged to you."),
}

REASONS = {
    "payment_declined": gettext_noop("Your payment was declined. Try another card."),
    "payment_failed": gettext_noop("The payment could not be made. Nothing was charged to you. Please try again."),
    "payment_expired": gettext_noop("The reservation expired before charging began. Nothing was charged to you."),
    "payment_released": gettext_noop("The reservation was released before charging began. Nothing was charged to you."),
    "payment_lost": gettext_noop("The reservation ended before it could be used. Nothing was charged to you."),
    "payment_timeout": gettext_noop("The payment was not confirmed in time. Nothing was charged to you."),
    "released": gettext_noop("The reservation was released. Nothing was charged to you."),
    "start_not_sent": gettext_noop(
        "The charger could not be asked to start in time. Nothing was charged to you. Try again."
    ),
    "partner_suspended": gettext_noop("This charger cannot be used at the moment. Nothing was charged to you."),
    "connector_never_ready": gettext_noop(
        "The charger did not tell in time that your car is plugged in. Nothing was charged to you."
    ),
    "command_rejected": gettext_noop(
        "The charger refused to start. Nothing was charged to you. Try another connector."
    ),
    "start_refused": gettext_noop("The charger could not start. Nothing was charged to you. Try another connector."),
    "cpo_unreachable": gettext_noop(
        "The operator's system is not reachable. Nothing was charged to you. Try again later."
    ),
    "no_session": gettext_noop("The charger did not start in time. Nothing was charged to you. You can try again."),
    "no_energy": gettext_noop("No energy reached your car. Nothing was charged to you. You can try again."),
    "stopped_by_driver": gettext_noop("Stopped. No energy was delivered and nothing was charged to you."),
}
WHY_HELD = {
    "cdr_energy": gettext_noop("The operator's bill says more energy than the charger could have delivered."),
    "cdr_without_energy": gettext_noop(
        "The operator's bill says that no energy was delivered, but the charger metered some."
    ),
    "cdr_price_unknown": gettext_noop("The operator's bill cannot be checked against a price that you were shown."),
    "cdr_times": gettext_noop("The operator's bill is about another time than your charge."),
    "cdr_place": gettext_noop("The operator's bill is about another charger."),
    "cdr_missing": gettext_noop("The operator has not sent a bill."),
    "reservation_expires": gettext_noop("The operator has not sent a bill."),
    "cdr_unusable": gettext_noop("The operator's bill does not fit your reservation."),
    "sessions_unavailable": gettext_noop("The operator does not tell us whether your charge has started."),
}
BANK_SILENT = gettext_noop(
    "Your bank has not confirmed the payment yet. We are looking into it: nothing is taken twice."
)
HOLD_GONE = gettext_noop("The reservation ended before it was clear what you owe.")
HELD = gettext_noop("Your reservation is kept until it is clear what you owe.")
TAKEN = gettext_noop("The session has ended.")
SETTLED_FOR_NOTHING = gettext_noop("Done. Nothing was charged to you.")
NOT_STOPPED = {
    State.STARTING: gettext_noop(
        "The charger did not stop. It may still start: press stop again, or leave the cable unplugged."
    ),
    State.VALIDATING: gettext_noop(
        "The charger did not stop. It may still charge: press stop again, or stop at the charger."
    ),
    State.CHARGING: gettext_noop(
        "The charger did not stop. You are still charging: stop at the charger, or try again."
    ),
}
RUNS_ON = gettext_noop(
    "The charger says that it is free, but energy is still flowing: press stop, or stop at the charger."
)
LIMIT_REACHED = gettext_noop("Your reservation is nearly used up: we are ending the charge.")
LIMIT_NEAR = {
    "stop": gettext_noop("90 % of your reservation is used. We end the charge before it is used up."),
    "go_on": gettext_noop("90 % of your reservation is used. Charging goes on."),
}
LIMIT_REFUSED = gettext_noop(
    "Charging. Your bank does not hold more: the limit stays {amount}, and the charge ends before it is used up."
)
TO_PAY = gettext_noop("Please pay: the charger starts as soon as the amount is reserved on your card.")
RETRYING = gettext_noop("The first try gave no energy. Trying again: leave the cable plugged in.")
RETRY_WAITS = gettext_noop("The first try gave no energy. Plug in your car again: charging starts by itself.")
OBSTACLES = {
    "broken": gettext_noop("The charger is out of service just now. Cancel, and try another one."),
    "taken": gettext_noop("The charger says that a car is charging already. If it is not yours, use another charger."),
}
"""Why nobody can plug in, instead of telling the driver to."""
STOP_ASKED = gettext_noop("You asked to stop. It stops as soon as the charger answers.")
LIMIT_ASKED = gettext_noop("Charging. Asking your bank to hold {amount}.")
LIMIT_TO_CONFIRM = gettext_noop(
    "Charging. Please confirm the second reservation at your bank: then the limit is {amount}."
)
BILL_OF_OURS = gettext_noop("Charging is over. We are working out what you pay.")
MONEY_MOVES = gettext_noop("Charging is over. Your payment is being completed.")

HEADLINES = {
    State.CREATED: gettext_noop("One moment"),
    State.AUTHORIZING: gettext_noop("One moment"),
    State.AUTHORIZED: gettext_noop("Payment reserved"),
    State.WAITING_FOR_CONNECTOR: gettext_noop("Plug in your car"),
    State.STARTING: gettext_noop("Starting"),
    State.VALIDATING: gettext_noop("Starting"),
    State.CHARGING: gettext_noop("Charging"),
    State.STOPPING: gettext_noop("Stopping"),
    State.AWAITING_CDR: gettext_noop("Charging is over"),
    State.ESCALATED: gettext_noop("We are checking"),
    State.SETTLED: gettext_noop("Done"),
    State.FAILED: gettext_noop("Charging failed"),
    State.CANCELLED: gettext_noop("Cancelled"),
}
OBSTACLE_HEADLINES = {"broken": gettext_noop("Out of service"), "taken": gettext_noop("Occupied")}
ENDED_OTHERWISE = {"payment_declined": gettext_noop("Payment declined"), "stopped_by_driver": gettext_noop("Stopped")}
