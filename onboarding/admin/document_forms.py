"""What is asked before something is handed to a CPO."""

import re

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from onboarding.guide.checklist import ITEMS, PROVIDED

LONGEST_DAYS = 180


class LinkForm(forms.Form):
    """Who gets the link, for how long, and what it may show."""

    given_to = forms.CharField(
        label="For whom",
        max_length=150,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="Name of the person at the CPO. What is done over the link is recorded in this name.",
    )
    days = forms.IntegerField(
        label="Works for, in days",
        min_value=1,
        max_value=LONGEST_DAYS,
        initial=lambda: settings.PARTNER_LINK_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    reveals_token_b = forms.BooleanField(
        label="Token B may be revealed over it, once",
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Revealing it makes a new one. One that was revealed or issued before stops working then.",
    )


class DataSheetForm(forms.Form):
    """To whom it goes."""

    to = forms.CharField(
        label="Also to",
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Email addresses besides their technical contacts, with commas between.",
    )

    def clean_to(self) -> list[str]:
        addresses = [one for one in re.split(r"[\s,;]+", self.cleaned_data["to"]) if one]
        for address in addresses:
            try:
                validate_email(address)
            except ValidationError as error:
                raise ValidationError(f"“{address}” is not an email address.") from error
        return addresses


class ChecklistForm(forms.Form):
    """What the CPO confirmed by mail or telephone."""

    items = forms.MultipleChoiceField(
        label="They confirmed",
        choices=[(item.key, item.title) for item in ITEMS if item.key not in PROVIDED],
        widget=forms.CheckboxSelectMultiple,
    )
    reason = forms.CharField(
        label="How do we know",
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text="For example: mail of Jana Kováčová, 22 Nov. It stays in the history.",
    )
