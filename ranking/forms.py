"""What an admin fills in: reasons of promotions, and what happens by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from ranking.models import ModelVersion, Project
from ranking.services.versions import objection_to

LONGEST_REASON = 1000
MOST_PREFERENCES = 1_000_000
MOST_HOURS = 24 * 366


class ReasonForm(forms.Form):
    """A reason for the log, and the champion that the person saw when deciding."""

    champion = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Reason",
        max_length=LONGEST_REASON,
        help_text="In a few words, for whoever asks later. The log keeps it.",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why, in a few words: the log keeps it."},
    )


class PromotionForm(ReasonForm):
    """A promotion is bound to the file that was looked at: `sha256` is that of the version on the page."""

    sha256 = forms.CharField(min_length=64, max_length=64, widget=forms.HiddenInput)
    confirm = forms.CharField(
        max_length=100,
        help_text="The gate does not speak for this version, so its name is asked for.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    @classmethod
    def of(
        cls, version: ModelVersion, champion: ModelVersion | None, data: Mapping[str, Any] | None = None
    ) -> PromotionForm:
        """Return the form for putting a version in service in place of the champion, if there is one.

        The version's name is a field only where something speaks against it.
        """
        seen = {} if champion is None else {"champion": champion.number}
        form = cls(data, initial={"sha256": version.sha256, **seen})
        if objection_to(version, champion):
            confirm = form.fields["confirm"]
            confirm.label = f"Type “{version}” to confirm"
            confirm.error_messages["required"] = f"Type “{version}”: the gate does not speak for it."
        else:
            del form.fields["confirm"]
        return form


class PolicyForm(forms.ModelForm):
    """When a project is trained anew by itself, and whether a better version then goes into service."""

    class Meta:
        model = Project
        fields = ("retrain_after_preferences", "retrain_every_hours", "automatic_promotion")
        labels = {
            "retrain_after_preferences": "After new preferences",
            "retrain_every_hours": "Every so many hours",
            "automatic_promotion": "Put a better version in service by itself",
        }
        help_texts = {
            "retrain_after_preferences": "Train once closed sessions hold so many. Empty: never for this.",
            "retrain_every_hours": "Train by the clock, if anything is new. Empty: never for this.",
            "automatic_promotion": "Only when the whole 95 % interval lies above zero, and by more than one "
            "of ten looks would show by chance. The log then names the evaluation as the reason.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, most in (
            ("retrain_after_preferences", MOST_PREFERENCES),
            ("retrain_every_hours", MOST_HOURS),
        ):
            field = forms.IntegerField(
                label=self.fields[name].label,
                help_text=self.fields[name].help_text,
                required=False,
                min_value=1,
                max_value=most,
            )
            self.fields[name] = field
