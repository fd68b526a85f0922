"""`python -m rehearsal.back_office_fake --port 12112 --webhook-url http://127.0.0.1:8000/webhooks/terminal/`.

It says which references a terminal holds: `--holds 3` are 50.00 EUR each.
"""

import argparse
import sys

from rehearsal.back_office_fake.server import Server

SECRET = "whsec_" + "c2VjcmV0LW9mLWEtYmFjay1lbmQtb2YtYS1kZW1vLTA="


def main() -> None:
    options = argparse.ArgumentParser(prog="back_office_fake", description=__doc__)
    options.add_argument("--port", type=int, default=12112)
    options.add_argument("--secret", default=SECRET, help="what both sides sign with")
    options.add_argument("--webhook-url", required=True)
    options.add_argument("--holds", type=int, default=0)
    chosen = options.parse_args()
    server = Server(chosen.port, chosen.secret, chosen.webhook_url)
    for _ in range(chosen.holds):
        sys.stdout.write(f"{server.fake.books.tap(5000, 'EUR')['reference']}\n")
    sys.stdout.flush()
    server.fake.events.start()
    server.serve_forever()


if __name__ == "__main__":
    main()
