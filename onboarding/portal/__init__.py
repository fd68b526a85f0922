"""The CPO's own page: one link opens it, no account. Information in, checklist, data sheet, Token B once, sign-off."""
