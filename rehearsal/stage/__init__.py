"""The one stage of all rehearsals: a folder, ports, a database and keys of their own, and the processes between them.

`ports` needs nothing but Python; `environment` says what the processes are told, `databases` makes and removes what a
server keeps, `processes` starts, waits and stops, `programs` has the command lines, `again` moves a command here.
"""
