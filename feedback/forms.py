"""What an admin fills in: sessions and people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.db.models import QuerySet

from feedback.errors import FeedbackError
from feedback.models import Member
from feedback.models.comparisons import MOST_ITEMS
from feedback.models.sessions import LEAST_RANDOM_SHARE, MOST_GOLD
from feedback.selection import GOLD_EVERY
from feedback.services.comparing import ComparisonRequest
from feedback.services.people import PersonRequest
from feedback.services.sessions import SessionRequest
from feedback.submitting import LONGEST_ID
from ranking import zones
from ranking.models import Organisation
from ranking.serializers import MOST_INTEGER

LEAST_RANDOM_PERCENT = round(100 * LEAST_RANDOM_SHARE)
DEFAULTS = SessionRequest(title="")
COMPARISON = ComparisonRequest(title="Which list is better?")


def people_who_judge() -> QuerySet[User]:
    """Return the experts who can log in, by name."""
    return User.objects.filter(
        is_active=True, member__role=Member.Role.EXPERT, member__simulated=False
    ).order_by("first_name", "last_name", "username")


def name_of(user: User) -> str:
    """Return the full name, or the user name of who has none."""
    return user.get_full_name() or user.username


class ExpertsField(forms.ModelMultipleChoiceField):
    """Experts by their names, as a list of boxes."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: User) -> str:
        return name_of(obj)

    def clean(self, value: Any) -> Any:
        """Refuse an id that no database can hold: looked up, it would end in an error of the database."""
        for pk in value or ():
            if len(str(pk)) > LONGEST_ID:
                raise forms.ValidationError(
                    self.error_messages["invalid_choice"], code="invalid_choice", params={"value": pk}
                )
        return super().clean(value)


class SessionForm(forms.Form):
    """A round of structured feedback, as an admin asks for it. Shares are in per cent."""

    title = forms.CharField(max_length=200, help_text="Experts see it. For example: Growth mandates, autumn.")
    instructions = forms.CharField(
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What to look at, in plain words; shown before the first list.",
    )
    experts = ExpertsField(queryset=User.objects.none())
    slates_per_expert = forms.IntegerField(
        label="Lists for each expert", min_value=1, max_value=200, initial=DEFAULTS.slates_per_expert
    )
    items_per_slate = forms.IntegerField(
        label="Items in a list",
        min_value=2,
        max_value=30,
        initial=DEFAULTS.items_per_slate,
        help_text="Eight fit a screen and can be compared with each other.",
    )
    random_percent = forms.IntegerField(
        label="Shown in random order, %",
        min_value=LEAST_RANDOM_PERCENT,
        max_value=100,
        initial=round(100 * DEFAULTS.random_share),
        help_text=f"At least {LEAST_RANDOM_PERCENT} %: without them, keeping the shown order can’t be told "
        "from agreeing with it. Lists of held-out needs always are.",
    )
    overlap_percent = forms.IntegerField(
        label="Seen by several experts, %",
        min_value=0,
        max_value=100,
        initial=round(100 * DEFAULTS.overlap_share),
        help_text="The same list for up to three of them: where agreement is measured.",
    )
    gold_per_expert = forms.IntegerField(
        label="Lists of known order",
        min_value=0,
        max_value=MOST_GOLD,
        required=False,
        help_text="Planted among the lists of each expert without a mark, to see whose answers can be "
        f"relied on; nothing is learned from them. At most one in {GOLD_EVERY}. Empty means one, where there "
        "are gold lists.",
    )
    asks_ratings = forms.BooleanField(
        label="Ask for a rating of each item, 1 to 5",
        required=False,
        help_text="Says how much better one is, not only which one.",
    )
    due_on = forms.DateField(
        label="Asked for until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Experts see the day. Nothing closes by itself; it can be put off.",
    )
    seed = forms.IntegerField(
        required=False, min_value=0, max_value=MOST_INTEGER, widget=forms.HiddenInput
    )  # carried along, so that what was looked at is what is opened

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["experts"].queryset = people_who_judge()

    @property
    def can_be_drawn(self) -> bool:
        """Whether every number can be meant: to look at what would be asked takes no title."""
        return not self.errors.keys() - {"title", "instructions", "experts", "due_on"}

    def request(self, *, seed: int) -> SessionRequest:
        """Return what a form that can be drawn asks for, with `seed` unless it brings one."""
        asked = self.cleaned_data
        return SessionRequest(
            title=asked.get("title", ""),
            instructions=asked.get("instructions", ""),
            slates_per_expert=asked["slates_per_expert"],
            items_per_slate=asked["items_per_slate"],
            random_share=asked["random_percent"] / 100,
            overlap_share=asked["overlap_percent"] / 100,
            gold_per_expert=asked["gold_per_expert"],
            asks_ratings=asked["asks_ratings"],
            due_on=asked.get("due_on"),
            seed=seed if asked["seed"] is None else asked["seed"],
        )


class DeadlineForm(forms.Form):
    """Until when the lists of an open session are asked for."""

    due_on = forms.DateField(
        label="Asked for until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Empty: without a last day.",
    )


class GoldForm(forms.Form):
    """What is said beside an order that is signed off as known; the ranks are read apart."""

    why = forms.CharField(
        label="How is the order known?",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For whoever looks at it in a year. For example: three seniors agreed on it, one by one.",
    )
    known_to = ExpertsField(
        label="Experts who know the order",
        queryset=User.objects.none(),
        required=False,
        help_text="They are never asked it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["known_to"].queryset = people_who_judge()


class RetireForm(forms.Form):
    """Why a gold list is planted no more."""

    reason = forms.CharField(
        label="Why is it retired?", max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class ComparisonForm(forms.Form):
    """A blind comparison of two versions, as an admin asks for it."""

    title = forms.CharField(
        max_length=200,
        initial=COMPARISON.title,
        help_text="Experts see it: name no version here, nor below.",
    )
    instructions = forms.CharField(
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What to look at, in plain words; shown before the first choice.",
    )
    experts = ExpertsField(queryset=User.objects.none())
    needs_per_expert = forms.IntegerField(
        label="Needs for each expert",
        min_value=1,
        max_value=100,
        initial=COMPARISON.needs_per_expert,
        help_text="Drawn at random, held-out needs first; those with the same list twice are passed over.",
    )
    items_per_list = forms.IntegerField(
        label="Items in each list",
        min_value=1,
        max_value=MOST_ITEMS,
        initial=COMPARISON.items_per_list,
        help_text="The first ones of each version, side by side.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["experts"].queryset = people_who_judge()

    def request(self, *, seed: int) -> ComparisonRequest:
        """Return what a valid form asks for."""
        names = ("title", "instructions", "needs_per_expert", "items_per_list")
        return ComparisonRequest(**{name: self.cleaned_data[name] for name in names}, seed=seed)


#: Fields of a request that have another name on the form.
FORM_NAMES = {"random_share": "random_percent", "overlap_share": "overlap_percent"}


class MoreListsForm(forms.Form):
    """How many more lists an expert gets."""

    slates = forms.IntegerField(label="Lists", min_value=1, max_value=200, initial=6)


class MoreNeedsForm(forms.Form):
    """About how many more needs an expert is asked in a comparison."""

    needs = forms.IntegerField(label="Needs", min_value=1, max_value=100, initial=5)


class ExpertField(forms.ModelChoiceField):
    """One expert by name."""

    def label_from_instance(self, obj: User) -> str:
        return name_of(obj)

    def clean(self, value: Any) -> Any:
        """Refuse an id that no database can hold: looked up, it would end in an error of the database."""
        if len(str(value or "")) > LONGEST_ID:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().clean(value)


class HandOverForm(forms.Form):
    """Who takes the lists of another expert over."""

    to = ExpertField(label="To", queryset=User.objects.none())

    def __init__(self, *args: Any, giver: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = people_who_judge().exclude(pk=giver.pk)


class RoleForm(forms.Form):
    """What somebody is here, and for whom."""

    role = forms.ChoiceField(
        choices=[
            (Member.Role.EXPERT, "Expert: judges lists in sessions"),
            (Member.Role.READER, "Reader: sees the ranked lists of an organisation"),
            (Member.Role.ADMIN, "Admin: runs sessions and versions, sees everything"),
        ],
        widget=forms.RadioSelect,
        initial=Member.Role.EXPERT,
    )
    organisation = forms.ModelChoiceField(
        queryset=Organisation.objects.all(),
        required=False,
        empty_label="None",
        help_text="Of a reader. Organisations come with the needs that are imported.",
    )


class PersonForm(RoleForm):
    """Somebody who is to get a log-in."""

    username = forms.CharField(
        label="Username",
        max_length=150,
        help_text="Letters, digits and @ . + - _",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    full_name = forms.CharField(label="Name", max_length=150, required=False)
    email = forms.EmailField(label="E-mail", required=False)
    field_order = ("username", "full_name", "email", "role", "organisation")

    def request(self) -> PersonRequest:
        """Return what a valid form asks for."""
        return PersonRequest(**self.cleaned_data)


def add_refusal(form: forms.Form, error: FeedbackError) -> None:
    """Show a service's refusal at the field it is about, or above the form."""
    field = FORM_NAMES.get(getattr(error, "field", ""), getattr(error, "field", ""))
    text = str(error)
    form.add_error(field if field in form.fields else None, text[:1].upper() + text[1:] + ".")


class OwnPasswordForm(PasswordChangeForm):
    """Asks for the old password, unless who asks has shown in another way who they are."""

    def __init__(self, *args: Any, asks_old: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_old:
            del self.fields["old_password"]

    def clean(self) -> Any:
        """Refuse the old password as the new one."""
        cleaned = super().clean()
        new = self.cleaned_data.get("new_password1")
        if new and self.user.check_password(new):
            self.add_error("new_password1", "This is the old password: choose another.")
        return cleaned


class AccountForm(forms.Form):
    """What a person sets for themselves."""

    time_zone = forms.ChoiceField(label="Time zone", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.fields["time_zone"]
        own.choices = [
            ("", f"{zones.installation()}, as everybody here"),
            *((name, name.replace("_", " ")) for name in zones.zone_names()),
        ]
        own.help_text = (
            "Pages show you times in it. "
            f"A session’s last day ends at midnight in {zones.installation()} for everybody."
        )
