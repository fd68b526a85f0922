"""A CPO that has many Locations, in pages: `python -m rehearsal.bench.paged '[port, locations, evses]'`."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rehearsal.bench.wire import location, moment

MOST = 100


def handler(port: int, count: int, evses: int) -> type[BaseHTTPRequestHandler]:
    """Return the handler of a list of `count` Locations."""

    class Handler(BaseHTTPRequestHandler):
        """GET /locations?offset=&limit="""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            offset, limit = int(asked.get("offset", ["0"])[0]), min(MOST, int(asked.get("limit", ["100"])[0]))
            items = [location(f"L{number}", evses) for number in range(offset, min(count, offset + limit))]
            body = json.dumps({"data": items, "status_code": 1000, "timestamp": moment(0)}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Total-Count", str(count))
            self.send_header("X-Limit", str(MOST))
            if offset + limit < count:
                following = f"http://127.0.0.1:{port}/locations?offset={offset + limit}&limit={limit}"
                self.send_header("Link", f'<{following}>; rel="next"')
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: it would be ten thousand lines."""

    return Handler


def main() -> None:
    port, count, evses = json.loads(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", port), handler(port, count, evses))
    server.serve_forever()


if __name__ == "__main__":
    main()
