"""Documents that left the house, kept for good."""

from typing import Any, NoReturn

from django.db import models

from partners.models.partner import Partner


class Unchangeable(Exception):
    """An archived document is kept as it was made."""


class DocumentQuerySet(models.QuerySet["Document"]):
    """Documents are added and read. `listed()` leaves their content in the database."""

    def listed(self) -> "DocumentQuerySet":
        return self.defer("content")

    def update(self, **_values: Any) -> NoReturn:
        raise Unchangeable

    def delete(self) -> NoReturn:
        raise Unchangeable

    def bulk_update(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise Unchangeable


class Document(models.Model):
    """A document as it was handed out or archived (guide 7.5). Never changed: a newer one is another row."""

    class Kind(models.TextChoices):
        DATA_SHEET = "data_sheet", "Data sheet"
        SIGN_OFF = "sign_off", "Sign-off form"
        CONNECTION_CHECK = "connection_check", "Connection check"
        DOSSIER = "dossier", "Integration dossier"

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    name = models.CharField(max_length=120, help_text="File name.")
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.CharField(max_length=150, help_text="Staff's user name, or who had the link.")
    content = models.BinaryField(editable=False)
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField("SHA-256", max_length=64, help_text="Of the content, in hex.")

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["partner", "kind", "-id"])]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise Unchangeable
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Unchangeable
