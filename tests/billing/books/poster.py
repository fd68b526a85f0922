"""A program that posts what is due, again and again, until it is killed."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sfp_platform.settings")
django.setup()

from billing.books import payments  # noqa: E402

if __name__ == "__main__":
    while True:
        payments.post_due()
