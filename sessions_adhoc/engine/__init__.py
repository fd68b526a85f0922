"""The engine: facts from rows, what `decide` says, and what follows of it. `lifecycle` is its one door."""
