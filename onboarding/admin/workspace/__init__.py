"""The workspace of a partner: where its integration stands, what to do next, and a tab for everything about it."""
