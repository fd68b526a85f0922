"""Telling partners of our tokens (OCPI 2.2.1 §12): which partner is to know which token, and sending until it does.

    push_tokens(partner)              # every long-lived token that the partner lacks, or all of them again
    token_changed(token)              # to every partner that is to know it
    push_one_off(partner, token)      # a token of a single ad-hoc session, where a partner asks for it

Tokens are never deleted at a partner: a token that ends is pushed once more with `valid: false` (§12.2.2).
"""

from ocpi.calls.tokens.planning import forget_partner, push_one_off, push_tokens, reconcile, token_changed
from ocpi.calls.tokens.queue import hand_out
from ocpi.calls.tokens.sending import push

__all__ = ["forget_partner", "hand_out", "push", "push_one_off", "push_tokens", "reconcile", "token_changed"]
