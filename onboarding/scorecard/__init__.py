"""How well each partner does: measured by day, added up by month, shown to staff and to the CPO.

measure_due(now)                 # days that are over and not written yet; safe at any time, by two workers
card_of(partner, month)          # the figures of a month
cards_of(partner)                # the last twelve
"""

from onboarding.scorecard.adding import Scorecard, card_of, cards_of
from onboarding.scorecard.measuring import measure_due

__all__ = ["Scorecard", "card_of", "cards_of", "measure_due"]
