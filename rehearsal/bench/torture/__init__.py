"""`make torture`: many charges at once while workers, beat, web, Redis and PostgreSQL are killed again and again.

Afterwards our rows are compared with the payment gateway's books and with the simulated CPOs' own: nothing may be lost,
stuck, or done twice.
"""
