"""Reading the driver's requests: JSON that is no deeper and no larger than a request can be."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from ocpi.envelope import Refusal
from ocpi.server.views.reading import read_json


class JsonParser(BaseParser):
    """JSON as OCPI's own bodies are read; what is wrong with it is HTTP 400.

    Half a surrogate pair is no text: an answer that quotes it could not be written.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            read = read_json(stream.read())
            json.dumps(read, ensure_ascii=False).encode()
        except Refusal as refusal:
            raise ParseError(refusal.message) from refusal
        except UnicodeEncodeError as error:
            raise ParseError("The body holds half a surrogate pair, which is no text.") from error
        return read
