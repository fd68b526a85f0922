"""The copy of the partners' networks at Cloudflare: compared every hour and after each change."""

from onboarding.allowlist.mirror import advance_due, is_configured, request

__all__ = ["advance_due", "is_configured", "request"]
