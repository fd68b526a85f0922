"""`make long-run`: an hour of pushes and charges with a rolling restart, a PostgreSQL restart and a broker loss in it.

The charges are those of the torture run, and so are the checks of money and books. On top of them one more CPO pushes
at a steady rate and notes each answer; every five minutes the memory of each process and all lags are written down.
"""
