"""The driver's API: `/api/v1/ad-hoc-sessions/`."""
