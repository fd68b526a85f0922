"""`python -m rehearsal.stripe_fake --port 12111 --webhook-url http://127.0.0.1:8000/webhooks/stripe/`."""

import argparse

from rehearsal.stripe_fake.server import Server


def main() -> None:
    options = argparse.ArgumentParser(prog="stripe_fake", description=__doc__)
    options.add_argument("--port", type=int, default=12111)
    options.add_argument("--key", default="sk_test_fake", help="the secret key that it accepts")
    options.add_argument("--webhook-url", required=True)
    options.add_argument("--webhook-secret", default="whsec_fake")
    chosen = options.parse_args()
    server = Server(chosen.port, chosen.key, chosen.webhook_url, chosen.webhook_secret)
    server.fake.webhooks.start()
    server.serve_forever()


if __name__ == "__main__":
    main()
