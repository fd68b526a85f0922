"""Incident: something that a person has to know, with cause, evidence and what to do (rule 30)."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from partners.ground.persons import to_them
from partners.models.partner import Partner


class Incident(models.Model):
    """One open row per cause (`key`), mailed once; closed by staff with a reason, or by the news it waited for."""

    class Severity(models.IntegerChoices):
        NOTE = 1, "Note"
        PROBLEM = 2, "Problem"
        URGENT = 3, "Urgent"

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="incidents")
    key = models.CharField(max_length=200, help_text="What it is about, so that one cause opens one incident.")
    detector = models.CharField(max_length=40, blank=True, default="", help_text="Which watch found it.")
    severity = models.PositiveSmallIntegerField(choices=Severity.choices, default=Severity.PROBLEM)
    symptom = models.CharField(max_length=200, help_text="In the words of the guide's section 8.")
    cause = models.TextField(help_text="The likely cause.")
    resolution = models.TextField(help_text="What to do.")
    letter = models.TextField("for the CPO", blank=True, default="", help_text="Can be sent as it stands.")
    tell_cpo = models.BooleanField("the CPO is told", default=True, help_text="Else the mail goes to support only.")
    place = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="The EVSE, Session, address or module that it is about.",
    )
    to_do = models.TextField(
        "what we do", blank=True, default="", db_default="", help_text="For staff; the CPO does not read it."
    )
    reference = models.CharField(max_length=64, blank=True, default="", help_text="The ad-hoc session it concerns.")
    evidence = models.JSONField(default=list, blank=True, help_text="Messages and objects that prove it.")
    occurrences = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField("first seen", default=timezone.now)
    opened_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField("last seen", default=timezone.now)
    mailed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    close_reason = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-opened_at"]
        permissions = [("close_incident", "Can close incidents")]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "key"],
                condition=models.Q(closed_at__isnull=True),
                name="one_open_incident_per_cause",
            )
        ]
        indexes = [
            models.Index(fields=["opened_at"], condition=models.Q(closed_at__isnull=True), name="open_incidents"),
            models.Index(
                fields=["id"],
                condition=models.Q(mailed_at__isnull=True, closed_at__isnull=True),
                name="incidents_to_mail",
            ),
            models.Index(fields=["reference"]),
            models.Index(fields=["detector"], condition=models.Q(closed_at__isnull=True), name="incidents_watched"),
            models.Index(fields=["key", "partner", "-closed_at"], name="incidents_by_cause"),
        ]

    def __str__(self) -> str:
        return self.name_for_staff

    @property
    def name_for_staff(self) -> str:
        """The symptom; the guide's own words speak to the CPO."""
        return to_them(self.symptom)

    @property
    def cause_for_staff(self) -> str:
        """The likely cause, which the guide tells the CPO."""
        return to_them(self.cause)

    @property
    def for_staff(self) -> str:
        """What our people do about it: never the words for the CPO, where there are words of our own."""
        return self.to_do or to_them(self.resolution)
