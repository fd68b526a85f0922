"""The secret of a CPO's displays, shared with us."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from partners.models import Partner
from sessions_adhoc import totp


class DisplaySecret(models.Model):
    """What the codes on displays are made with: of all of a partner's chargers, of a location's, or of one EVSE.

    `refusals` are the newest scans that were refused, newest first: `at`, `evse`, `why`, in words for staff.
    """

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="display_secrets")
    location_id = models.CharField("location ID", max_length=39, blank=True, default="")
    evse_uid = models.CharField("EVSE UID", max_length=39, blank=True, default="")
    secret = models.BinaryField(editable=False)
    old_secret = models.BinaryField(null=True, blank=True, editable=False)
    old_until = models.DateTimeField(
        "old secret until", null=True, blank=True, help_text="Until then codes made with the old secret are taken too."
    )
    validity = models.PositiveIntegerField(
        "validity time",
        default=30,
        validators=[MinValueValidator(totp.SHORTEST_VALIDITY), MaxValueValidator(totp.LONGEST_VALIDITY)],
        help_text="Seconds for which a code is shown: WebPaymentsCtrlr.ValidityTime.",
    )
    length = models.PositiveSmallIntegerField(
        default=8,
        validators=[MinValueValidator(totp.SHORTEST), MaxValueValidator(totp.LONGEST)],
        help_text="Characters of a code: WebPaymentsCtrlr.Length.",
    )
    only_dynamic = models.BooleanField(
        "only dynamic codes start",
        default=False,
        help_text="All these chargers have a display that shows dynamic codes: a link without one, as on a sticker, "
        "shows the charger and its price but starts nothing.",
    )
    active = models.BooleanField(default=True, help_text="Otherwise codes are not looked at.")
    refused = models.PositiveIntegerField(default=0, editable=False, help_text="Scans refused since it was entered.")
    refusals = models.JSONField(default=list, editable=False)
    valid_at = models.DateTimeField("last valid scan", null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["partner__name", "location_id", "evse_uid"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "location_id", "evse_uid"], name="one_display_secret_per_scope"),
            models.CheckConstraint(
                condition=~models.Q(location_id="") | models.Q(evse_uid=""),
                name="display_secrets_of_evses_name_their_location",
            ),
        ]

    def __str__(self) -> str:
        return " / ".join(filter(None, [self.partner.name, self.location_id, self.evse_uid]))
