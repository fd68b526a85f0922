"""Rehearsing the product: the demonstration, scenarios, interoperability, a walk through the pages, measurements."""
