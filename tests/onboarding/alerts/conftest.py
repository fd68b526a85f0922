"""Staff in front of the admin."""

from tests.admin.conftest import boss, page

__all__ = ["boss", "page"]
