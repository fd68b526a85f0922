"""Alerts about incidents: mail, signed webhook, Slack-compatible URL; by severity, with quiet hours."""
