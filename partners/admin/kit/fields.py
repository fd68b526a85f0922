"""Form fields that several pages use."""

from typing import Any

from django import forms
from unfold.widgets import INPUT_CLASSES


class MomentField(forms.DateTimeField):
    """Date and time, entered with the browser's own picker."""

    CLASSES = " ".join(INPUT_CLASSES)

    def __init__(self, *, required: bool = False, **kwargs: Any) -> None:
        attrs = {"type": "datetime-local", "class": self.CLASSES}
        super().__init__(widget=forms.DateTimeInput(attrs=attrs), required=required, **kwargs)
