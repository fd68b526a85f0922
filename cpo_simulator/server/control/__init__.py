"""The control API and the status page."""
