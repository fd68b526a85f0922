"""Tokens in both directions and the endpoints of the other side.

Tokens that we issue are kept as a SHA-256 digest: they are 128+ bits of randomness, so a slow hash would only cost
every request time. Tokens that we received are needed in the clear on each call and are kept encrypted.
"""

from django.db import models

from partners.models.partner import Partner


class IssuedToken(models.Model):
    """A token that the partner uses to call us."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        ACTIVE = "active", "Active"
        REVOKED = "revoked", "Revoked"

    class Purpose(models.TextChoices):
        CONNECTION = "connection", "Connection"
        REGISTRATION = "registration", "Registration (only versions and credentials)"

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="issued_tokens")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token, in hex.")
    last4 = models.CharField(max_length=4)
    purpose = models.CharField(max_length=12, choices=Purpose.choices, default=Purpose.CONNECTION)
    state = models.CharField(max_length=7, choices=State.choices, default=State.PENDING)
    registered_with = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="given",
        help_text="The registration token of the POST that this one was the answer to.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["partner", "state"])]

    def __str__(self) -> str:
        return f"…{self.last4} ({self.get_state_display()})"


class ReceivedToken(models.Model):
    """A token that we use to call the partner."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        ACTIVE = "active", "Active"
        REVOKED = "revoked", "Revoked"

    class Purpose(models.TextChoices):
        CONNECTION = "connection", "Connection"
        REGISTRATION = "registration", "Registration (Token A)"

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="received_tokens")
    ciphertext = models.BinaryField(editable=False)
    last4 = models.CharField(max_length=4)
    purpose = models.CharField(max_length=12, choices=Purpose.choices, default=Purpose.CONNECTION)
    state = models.CharField(max_length=7, choices=State.choices, default=State.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "purpose"],
                condition=models.Q(state="active"),
                name="one_active_received_token_per_purpose",
            )
        ]

    def __str__(self) -> str:
        return f"…{self.last4} ({self.get_state_display()})"


class RemoteEndpoint(models.Model):
    """Where a module of the partner is, as its version details say."""

    class Role(models.TextChoices):
        SENDER = "SENDER", "Sender"
        RECEIVER = "RECEIVER", "Receiver"

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="endpoints")
    version = models.CharField(max_length=10)
    module = models.CharField(max_length=40)
    role = models.CharField(
        max_length=8,
        choices=Role.choices,
        blank=True,
        default="",
        help_text="Empty in 2.1.1, which has one per module.",
    )
    url = models.URLField(max_length=500)

    class Meta:
        ordering = ["version", "module", "role"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "version", "module", "role"], name="one_endpoint_per_module_role"
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.module} {self.role}".strip()
