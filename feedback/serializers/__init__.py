"""Rows of the upper app as JSON: people, sessions and slates, judgements."""
