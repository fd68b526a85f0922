"""Charges of our contracts: what CPOs tell of our cards and apps, checked and handed to our back office once (ADR 19).

receiving.session_news(news), receiving.cdr_news(cdr)   # in the transaction that stores them
checking.check_due()                                    # what can be told by now
handing.hand_over(record, ...)                          # a number, a body, events; or staff decide
"""
