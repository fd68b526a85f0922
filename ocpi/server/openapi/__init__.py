"""OpenAPI documents of our OCPI interfaces, one per version, for the developers of CPOs.

They are made from what the server itself uses: its routes, the `Version` records and the wire models. Only what a
program cannot know is written down here: what an endpoint is for (`catalogue`) and what an object looks like in
real life (`samples`).
"""

from ocpi.server.openapi.document import build

__all__ = ["build"]
