"""Clears away what rolled-back tests left in the files of their tables.

Rows that were never committed stay there until somebody vacuums. A server that does so by itself looks once a minute,
if at all: after some hundred tests, reading an empty table took it milliseconds.
"""

from itertools import count

from django.db import connection

EVERY = 20
"""Tests."""
PAGES = 40
"""A table of so many is worth the work."""
SWOLLEN = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > %s * 8192
"""
_tests = count(1)


def after_a_test() -> None:
    """Vacuum after every so many; but not while tests of a module share rows, whose transaction goes on."""
    if next(_tests) % EVERY or connection.vendor != "postgresql":
        return
    if connection.connection is not None and not connection.in_atomic_block:
        vacuum()


def vacuum() -> None:
    with connection.cursor() as cursor:
        cursor.execute(SWOLLEN, [PAGES])
        if swollen := [name for (name,) in cursor.fetchall()]:
            cursor.execute(f"VACUUM {', '.join(swollen)}")
