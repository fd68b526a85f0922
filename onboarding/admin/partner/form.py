"""What staff enter about a partner, checked field by field."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from onboarding.intake.checks import clean_country_code
from partners import services
from partners.ground import ocpi_versions
from partners.models import Partner
from partners.services import check_token, check_versions_url

(ON_REQUEST,) = ocpi_versions.ON_REQUEST  # the form has one switch
IDENTITY = ("Identity", {"fields": (("name", "code"), ("country_code", "party_id"), "environment")})
PROTOCOL = ("How we connect", {"fields": ("versions_url", "agreed_version", "token_a", "writes_nulls")})
ON_REQUEST_SECTION = ("Versions on request", {"fields": ("on_request", "reason")})
LEARNT = (
    "What the handshake settled",
    {
        "fields": (
            "our_versions_url",
            ("version", "connected_at"),
            ("token_encoding", "hub_party_id"),
            "stored_token_a",
        )
    },
)
# Without the fields that only exist on the form.
TO_LOOK_AT = ("How we connect", {"fields": ("versions_url", "agreed_version", "enabled_versions", "writes_nulls")})


class PartnerForm(forms.ModelForm):
    """A partner. Token A goes in and never comes out again."""

    token_a = forms.CharField(
        label="Token A",
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
        help_text="The token that they gave us to register with; they are asked to make it a UUID. It is stored "
        "encrypted and never shown again. Leave empty to keep the one that is stored.",
    )
    on_request = forms.BooleanField(
        label=f"OCPI {ON_REQUEST} switched on",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=f"{ON_REQUEST} is available on request only. Switch it on before agreeing on it.",
    )
    reason = forms.CharField(
        label="Reason",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Why the on-request version is switched on or off, and who asked. Kept in the history.",
    )

    class Meta:
        model = Partner
        fields = [
            "name",
            "code",
            "country_code",
            "party_id",
            "environment",
            "agreed_version",
            "versions_url",
            "writes_nulls",
        ]
        help_texts = {
            "name": "As support and drivers know them.",
            "code": "Becomes the host of the endpoint that we give them: ocpi-{code}. Cannot be changed later.",
            "country_code": "Two letters, ISO 3166-1 alpha-2.",
            "party_id": "Three characters, as they use it in OCPI.",
            "environment": "A test and a production connection of one party are two partners.",
            "agreed_version": "What both sides agreed on by mail. The handshake uses exactly this one.",
            "versions_url": "Public, and https. Usually it ends in /versions. Empty: they enter it on their own page.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on_request"].initial = ON_REQUEST in (self.instance.enabled_versions or [])

    def clean_country_code(self) -> str:
        return clean_country_code(str(self.cleaned_data["country_code"]))

    def clean_party_id(self) -> str:
        return str(self.cleaned_data["party_id"]).upper()

    def clean_versions_url(self) -> str:
        url = str(self.cleaned_data["versions_url"])
        if url:
            check_versions_url(url)
        return url

    def clean_token_a(self) -> str:
        token = str(self.cleaned_data["token_a"]).strip()
        if token:
            check_token(token)
        return token

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "on_request" in self.changed_data and not cleaned.get("reason", "").strip():
            self.add_error("reason", ValidationError(f"Say why OCPI {ON_REQUEST} is switched on or off."))
        if cleaned.get("agreed_version") == ON_REQUEST and not cleaned.get("on_request"):
            self.add_error("agreed_version", ValidationError(f"Switch OCPI {ON_REQUEST} on first, below."))
        return cleaned

    def enabled_versions(self) -> list[str]:
        """The on-request versions as the form has them."""
        others = [number for number in self.instance.enabled_versions or [] if number != ON_REQUEST]
        return [*others, ON_REQUEST] if self.cleaned_data.get("on_request") else others


def add(obj: Partner, token_a: str) -> None:
    """Store a new partner through the service, which makes its role and keeps Token A encrypted."""
    made = services.add_partner(
        services.PartnerDetails(
            code=obj.code,
            name=obj.name,
            country_code=obj.country_code,
            party_id=obj.party_id,
            versions_url=obj.versions_url,
            agreed_version=obj.agreed_version,
            environment=obj.environment,
            token_a=token_a,
            enabled_versions=obj.enabled_versions,
        )
    )
    Partner.objects.filter(pk=made.pk).update(writes_nulls=obj.writes_nulls)
    obj.pk = made.pk
    obj._state.adding = False
    obj.refresh_from_db()
