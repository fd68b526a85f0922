"""The forms on the CPO's page. What is valid is stored even when something beside it is not."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from onboarding.intake.checks import check_field
from onboarding.intake.entering import REGISTRATION
from partners import tokens
from partners.ground.countries import COUNTRIES
from partners.ground.ocpi_versions import CHOICES, ON_REQUEST, RECOMMENDED
from partners.models import Partner

COUNTRY_CHOICES = [
    ("", "Choose…"),
    *sorted(((code, f"{name} ({code})") for code, name in COUNTRIES.items()), key=lambda choice: choice[1]),
]
MACHINE = {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false"}


class FlatSelect(forms.Select):
    """A list whose options are written in one go: Django renders a template for each of 250 countries."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        options = format_html_join(
            "\n",
            '<option value="{}"{}>{}</option>',
            ((key, SafeString(" selected") if key == value else "", text) for key, text in self.choices),
        )
        attributes = flatatt({**self.build_attrs(self.attrs, attrs), "name": name})
        return format_html("<select{}>\n{}\n</select>", attributes, options)


def _text(label: str, help_text: str, *, autocomplete: str = "off", **attrs: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete, **attrs})
    return forms.CharField(label=label, help_text=help_text, required=False, max_length=400, widget=widget)


def _choice(label: str, help_text: str, choices: Sequence[tuple[str, str]] = ()) -> forms.CharField:
    """A list to choose from. What is not in it is refused by the item's own check, in our words."""
    return forms.CharField(
        label=label, help_text=help_text, required=False, max_length=400, widget=FlatSelect(choices=choices)
    )


class IntakeForm(forms.Form):
    """The items of guide 3.1. An empty field changes nothing."""

    versions_url = _text(
        "OCPI Versions URL",
        "Full URL of your OCPI versions endpoint, for example https://your-domain.com/ocpi/cpo/versions",
        inputmode="url",
        **MACHINE,
    )
    token_a = forms.CharField(
        label="Token A",
        required=False,
        max_length=400,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", **MACHINE}),
    )
    country_code = _choice("Country Code", "Your country of operation.", COUNTRY_CHOICES)
    party_id = _text(
        "Party ID",
        "3 characters, for example ION",
        autocapitalize="characters",
        spellcheck="false",
        size="6",
    )
    agreed_version = _choice("OCPI version", f"The newest version that you support. We recommend {RECOMMENDED}.")
    networks = forms.CharField(
        label="Static IP address",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off", **MACHINE}),
        help_text="From where your server calls us: addresses or CIDR ranges, one per line, for example 1.2.3.4 or "
        "1.2.3.0/24. Other addresses are refused.",
    )
    contact_name = _text("Name", "", autocomplete="name")
    contact_email = _text(
        "Email", "For example ana@your-domain.com", autocomplete="email", inputmode="email", **MACHINE
    )
    contact_phone = _text("Phone", "For example +421 900 123 456", autocomplete="tel", inputmode="tel")

    def __init__(self, partner: Partner, data: Any = None) -> None:
        self.partner = partner
        super().__init__(data, initial=entered_values(partner), auto_id="f-%s", label_suffix="")
        self.fields["agreed_version"].widget = FlatSelect(choices=version_choices(partner))
        self.look_at_token_a()

    def look_at_token_a(self) -> None:
        """Say whether one is stored."""
        self.stored_token = tokens.received_token(self.partner.pk, REGISTRATION)
        self["token_a"].help_text = token_help(self.stored_token)

    def clean(self) -> dict[str, Any]:
        """Check each field that something was entered in; drop the empty ones."""
        for name, value in list(self.cleaned_data.items()):
            if not str(value).strip():
                del self.cleaned_data[name]
                continue
            try:
                self.cleaned_data[name] = check_field(self.partner, name, value)
            except ValidationError as error:
                self.add_error(name, error)
        return self.cleaned_data

    def valid_fields(self) -> dict[str, Any]:
        """What can be stored."""
        return {name: value for name, value in self.cleaned_data.items() if name not in self.errors}

    def refuse(self, error: ValidationError) -> None:
        """Show what only storing found out."""
        for name, texts in error.message_dict.items():
            self.add_error(name, texts)


def token_help(stored: Any) -> str:
    if stored:
        return f"Stored encrypted, ends in {stored.last4}. It is never shown again. Enter a new one only to replace it."
    return "One-time token for the handshake: a UUID that you generate. It is stored encrypted and never shown again."


def version_choices(partner: Partner) -> list[tuple[str, str]]:
    """All versions of the guide; the words say which are on request and which were switched on."""
    return [
        (number, f"{number} (switched on for you)" if number in ON_REQUEST & set(partner.enabled_versions) else label)
        for number, label in CHOICES
    ]


def entered_values(partner: Partner) -> dict[str, str]:
    """What was entered so far. No secret among it."""
    contact = partner.contacts.first()
    return {
        "versions_url": partner.versions_url,
        "country_code": partner.country_code,
        "party_id": partner.party_id,
        "agreed_version": partner.agreed_version,
        "networks": "\n".join(row.network for row in partner.allowed_networks.all()),
        "contact_name": contact.name if contact else "",
        "contact_email": contact.email if contact else "",
        "contact_phone": contact.phone if contact else "",
    }


class WindowForm(forms.Form):
    """When the CPO's team could do the handshake (guide 7.1)."""

    suggestion = forms.CharField(
        label="When would suit you?",
        min_length=6,
        max_length=300,
        help_text="Two or three dates and times with your time zone. Plan about 90 minutes.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class SignOffForm(forms.Form):
    """The CPO's signature (guide 7.5)."""

    name = _text("Your name", "", autocomplete="name")
    role = _text("Your role", "For example Head of Operations", autocomplete="organization-title")
    signed_on = forms.DateField(
        label="Date", initial=timezone.localdate, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    agreed = forms.BooleanField(
        label="You tested the connection end to end from your side, and confirm that the integration is live.",
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="s-%s", label_suffix="")
        for name in ("name", "role"):
            field = self.fields[name]
            assert isinstance(field, forms.CharField)
            field.required, field.max_length = True, 100
