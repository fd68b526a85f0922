"""How objects look on the wire, in each OCPI version."""
