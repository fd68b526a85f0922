"""The whole integration of a CPO in a real browser: staff in the admin, the CPO on its own page, a driver at a charger.

The end-to-end test walks it and checks; `make screenshots` walks it and takes pictures.
"""
