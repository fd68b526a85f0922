"""The question that stands before what cannot be taken back, or is done in somebody's stead."""

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget


class ReasonForm(forms.Form):
    """Why. It goes into the history."""

    reason = forms.CharField(
        label="Reason",
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Why you do this. It stays in the history, with your name.",
    )
