"""Which columns are encrypted. Each app names its own, in `AppConfig.ready()`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import QuerySet

from partners.ground import secrets


@dataclass(frozen=True)
class Form:
    """How a column keeps its secret: which key wrote it, the same secret written with the first key, and none."""

    key_of: Callable[[Any], str]
    renewed: Callable[[Any], Any]
    empty: bytes | str


FERNET = Form(secrets.key_of, lambda kept: secrets.encrypt(secrets.decrypt(kept)), b"")
SEALED_HEX = Form(
    lambda kept: secrets.key_of_sealed(bytes.fromhex(kept)),
    lambda kept: secrets.seal(secrets.unseal(bytes.fromhex(kept))).hex(),
    "",
)


@dataclass(frozen=True)
class Column:
    """An encrypted column. `model` as `app.model`; `words`: what is in it, for people."""

    model: str
    name: str
    form: Form
    words: str

    def rows(self) -> QuerySet[Any]:
        """Those that have a secret."""
        rows: QuerySet[Any] = apps.get_model(self.model)._base_manager.all()
        return rows.exclude(**{self.name: None})

    @property
    def empty(self) -> Any:
        """What stands where there is no secret."""
        nullable = apps.get_model(self.model)._meta.get_field(self.name).null
        return None if nullable else self.form.empty


columns: list[Column] = []


def encrypted(model: str, name: str, words: str, form: Form = FERNET) -> None:
    """Name a column whose rows `rotate_keys` is to look after."""
    column = Column(model, name, form, words)
    if column not in columns:
        columns.append(column)
