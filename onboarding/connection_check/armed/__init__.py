"""The armed part: a real charge at a named test charger, from the token to the CDR.

Whatever happens at the CPO comes to our own endpoints; these cases look at the rows and messages that it left there,
and wait where it has not come yet.
"""

from onboarding.connection_check.armed import charging, ending, starting, token

ARMED = (*token.CASES, *starting.CASES, *charging.CASES, *ending.CASES, *token.LAST)
