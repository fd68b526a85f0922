"""Pages about policies, tokens, mails, the history, and the people who work here."""

from partners.admin import failed_login, history, issued_token, mail, people, policy, retention

__all__ = ["failed_login", "history", "issued_token", "mail", "people", "policy", "retention"]
