"""From where partners may call us: their networks, and the copy of them at Cloudflare."""

from partners.allowlist.mirror import advance_due, configured, request
from partners.allowlist.networks import AlreadyAllowed, allow, holds

__all__ = ["AlreadyAllowed", "advance_due", "allow", "configured", "holds", "request"]
