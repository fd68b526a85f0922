"""The one stage of all rehearsals: a folder, ports, a database and keys of their own, and the processes between them.

`ports` needs nothing but Python; `environment` says what the processes are told, `servers` finds or starts PostgreSQL
and Redis, `databases` makes and removes what they keep for one run, `processes` starts, waits and stops, `programs` has
the command lines, `again` moves a command here.
"""
