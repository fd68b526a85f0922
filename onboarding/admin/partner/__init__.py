"""The partner's own page: who it is, where it stands, and every button."""
