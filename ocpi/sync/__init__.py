"""Reading a partner's objects: whole modules as jobs, and what the engine asks for at once.

request_sync(partner, "locations")                 # a SyncRun, for a worker
run(sync_run_id)                                   # carry it out
pull_sessions(partner_id, date_from, whose)        # at once, for the session rules (G5.4)
"""

from ocpi.sync.engine import PullResult, pull_cdrs, pull_sessions
from ocpi.sync.requests import request_sync
from ocpi.sync.runs import run

__all__ = ["PullResult", "pull_cdrs", "pull_sessions", "request_sync", "run"]
