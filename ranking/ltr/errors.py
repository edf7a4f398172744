"""The named errors of the learning core; each is raised at the act that is wrong."""


class LtrError(ValueError):
    """Anything that the learning core refuses, with what was found and what was expected."""


class InvalidPreferences(LtrError):
    """Preferences that contradict themselves, the rows they point at, or the split."""


class InvalidFeatures(LtrError):
    """A feature table without a needed column, or with values no model may see."""


class CorruptModel(LtrError):
    """Model bytes that are not the ones that were written; nothing of them was parsed by LightGBM."""


class TrainingCancelled(LtrError):
    """A training stopped on request; nothing was written."""
