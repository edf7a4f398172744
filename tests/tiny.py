"""The tiny project of `tests/factories.py` as plain values: description, records, and the hidden truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

ORGANISATIONS = ("Harbour", "Meadow", "Summit")
STATES = ("CA", "NY", "OR", "TX", "WA")
STYLES = ("growth", "income", "index")
WORDS = ("retirement plans", "family wealth", "climate funds", "small companies", "public pensions")

DESCRIPTION: dict[str, Any] = {
    "slug": "advisers",
    "name": "Advisers for mandates",
    "reference_year": 2025,
    "item": {
        "noun": "adviser",
        "plural": "advisers",
        "key": "crd",
        "title": "name",
        "text": ["focus"],
        "card": ["assets", "fee", "states", "style", "founded", "focus"],
        "fields": [
            {"name": "crd", "label": "CRD number"},
            {"name": "name", "label": "Name"},
            {"name": "assets", "label": "Assets", "type": "number", "format": "money", "unit": "USD"},
            {"name": "fee", "label": "Fee", "type": "number", "format": "percent"},
            {"name": "states", "label": "States", "type": "set"},
            {"name": "style", "label": "Style"},
            {"name": "founded", "label": "Founded", "type": "year"},
            {"name": "focus", "label": "Focus"},
        ],
    },
    "query": {
        "noun": "mandate",
        "plural": "mandates",
        "key": "id",
        "title": "title",
        "text": ["brief"],
        "card": ["size", "states", "style", "brief"],
        "organisation": "client",
        "fields": [
            {"name": "id", "label": "Number"},
            {"name": "title", "label": "Title"},
            {"name": "client", "label": "Client"},
            {"name": "size", "label": "Size", "type": "number", "format": "money", "unit": "USD"},
            {"name": "least_assets", "label": "Least assets", "type": "number", "format": "money"},
            {"name": "states", "label": "States", "type": "set"},
            {"name": "style", "label": "Style"},
            {"name": "brief", "label": "Brief"},
        ],
    },
    "features": [
        {
            "name": "assets",
            "kind": "numeric",
            "label": "Assets managed",
            "field": "assets",
            "transform": "log1p",
        },
        {"name": "fee", "kind": "numeric", "label": "Fee", "field": "fee", "monotone": -1},
        {
            "name": "age",
            "kind": "numeric",
            "label": "Years in business",
            "field": "founded",
            "transform": "age",
        },
        {"name": "style", "kind": "categorical", "label": "Style of the adviser", "field": "style"},
        {
            "name": "same_style",
            "kind": "equal",
            "label": "Same style",
            "item_field": "style",
            "query_field": "style",
        },
        {
            "name": "states",
            "kind": "overlap",
            "label": "States covered",
            "item_field": "states",
            "query_field": "states",
        },
        {
            "name": "focus",
            "kind": "text_similarity",
            "label": "Focus fits the brief",
            "item_field": "focus",
            "query_field": "brief",
        },
    ],
    "rules": [
        {
            "name": "large_enough",
            "words": "manages at least {value}",
            "field": "assets",
            "operator": "at_least",
            "query_field": "least_assets",
        },
    ],
    "sort": [
        {"feature": "assets", "direction": "descending"},
        {"feature": "fee", "direction": "ascending"},
    ],
    "segments": [
        {"name": "style", "label": "Style wanted", "side": "query", "field": "style"},
        {
            "name": "size",
            "label": "Size of the adviser",
            "side": "item",
            "field": "assets",
            "edges": [1e9],
            "bands": ["below $1 bn", "$1 bn and more"],
        },
    ],
    "protected": [{"name": "style", "label": "Style of the adviser", "side": "item", "field": "style"}],
    "reason_tags": [
        {"name": "too_expensive", "label": "too expensive", "key": "e"},
        {"name": "right_focus", "label": "right focus", "key": "f"},
    ],
}


def item_records(count: int) -> list[dict[str, Any]]:
    """Return the contents of made-up advisers."""
    rng = np.random.default_rng(7)
    return [
        {
            "crd": f"{100 + i}",
            "name": f"Adviser {i:02d}",
            "assets": float(round(10 ** rng.uniform(7.5, 10.5))),
            "fee": round(float(rng.uniform(0.002, 0.02)), 4),
            "states": sorted(str(state) for state in rng.choice(STATES, rng.integers(1, 4), replace=False)),
            "style": str(rng.choice(STYLES)),
            "founded": int(rng.integers(1960, 2024)),
            "focus": f"We look after {rng.choice(WORDS)} and {rng.choice(WORDS)}.",
        }
        for i in range(count)
    ]


def query_records(count: int) -> list[dict[str, Any]]:
    """Return the contents of made-up mandates."""
    rng = np.random.default_rng(11)
    return [
        {
            "id": f"M{i:02d}",
            "title": f"Mandate {i:02d}",
            "client": ORGANISATIONS[i % len(ORGANISATIONS)],
            "size": float(round(10 ** rng.uniform(6, 8))),
            "least_assets": 1e8,
            "states": sorted(str(state) for state in rng.choice(STATES, 2, replace=False)),
            "style": str(rng.choice(STYLES)),
            "brief": f"Somebody for {rng.choice(WORDS)}, at a fair price.",
        }
        for i in range(count)
    ]


def true_utility(query: Mapping[str, Any], item: Mapping[str, Any]) -> float:
    """Return what made-up experts hold an item to be worth for a need, 0 to 4: cheap, of the style, near."""
    overlap = len(set(query["states"]) & set(item["states"])) / len(query["states"])
    return 2.0 * (0.02 - item["fee"]) / 0.018 + (query["style"] == item["style"]) + overlap
