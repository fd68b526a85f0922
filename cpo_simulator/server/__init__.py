"""The CPO's side of OCPI over HTTP, and its control API."""
