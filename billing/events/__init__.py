"""The inbox of gateways' events: `/webhooks/{gateway}/`."""
