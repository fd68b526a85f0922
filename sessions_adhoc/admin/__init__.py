"""Support's pages about drivers' sessions."""

from sessions_adhoc.admin import client, pull, session

__all__ = ["client", "pull", "session"]
