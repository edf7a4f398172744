"""Words of texts: two texts that mean something else are never the same to a feature."""

import hashlib
import json

import pandas as pd
import pytest

from ranking.ltr.features import FeatureSpace, FeatureSpec
from ranking.ltr.features.text import TextSpace, Vocabulary
from ranking.ltr.features.tokens import words

TOLD_APART = {
    "negation": ("the card is working", "the card is not working"),
    "nothing": ("there is a fee", "there is no fee"),
    "without": ("funds with leverage", "funds without leverage"),
    "short form": ("it can be returned", "it can't be returned"),
    "one letter": ("shirt in size M", "shirt in size L"),
    "a digit": ("phase 2 of the study", "phase 3 of the study"),
    "decimals": ("runs on 1.5 volts", "runs on 5.1 volts"),
    "sign": ("stored at -5 degrees", "stored at 5 degrees"),
    "language": ("written in C", "written in C++"),
    "sharp": ("written in C++", "written in C#"),
    "Russian": ("карта работает", "карта не работает"),
    "Arabic": ("البطاقة تعمل", "البطاقة لا تعمل"),
    "Hindi": ("कार्ड की फीस", "कार्ड का फीस"),
    "Thai": ("บัตรทำงาน", "บัตรไม่ทำงาน"),
    "Chinese": ("卡能用", "卡不能用"),
    "Greek": ("η κάρτα λειτουργεί", "η κάρτα δεν λειτουργεί"),
}
ALIKE = {
    "case": ("STRASSE und HAUS", "straße und haus"),
    "composed": ("cafe\u0301 noir", "caf\u00e9 noir"),
    "width": ("ＡＢＣ １２", "abc 12"),
    "apostrophe": ("it isn\u2019t here", "it isn't here"),
    "soft hyphen": ("co\u00adoperate now", "cooperate now"),
    "punctuation": ("growth, income; index!", "growth income index"),
    "Turkish": ("İSTANBUL BANKASI", "i\u0307stanbul bankasi"),
}


@pytest.mark.parametrize(("one", "other"), TOLD_APART.values(), ids=TOLD_APART)
def test_texts_that_mean_something_else_are_told_apart_by_their_words(one, other):
    assert words(one) != words(other)
    space = TextSpace.fit([one, other])
    same, different = space.similarity(space.prepare([one, other]), one)
    assert same == pytest.approx(1.0)
    assert different < 0.95


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE)
def test_texts_that_differ_in_writing_alone_have_the_same_words(one, other):
    assert words(one) == words(other)


def test_texts_without_blanks_share_what_they_have_in_common():
    space = TextSpace.fit(["東京の会社", "会社は東京", "大阪の海"])
    near, far = space.similarity(space.prepare(["会社は東京", "大阪の海"]), "東京の会社")
    assert near > 0.2 > far


def test_stop_words_are_left_out_only_where_they_are_declared():
    texts = ["the card is working", "the card is not working"]
    declared = TextSpace.fit(texts, "english")
    assert declared.words.terms == ("card", "card working", "working")
    assert "not working" in TextSpace.fit(texts).words.terms


def test_a_space_of_before_leaves_out_stop_words_as_it_always_did():
    texts = ["the card is working", "the card is not working"]
    items, queries = pd.DataFrame({"text": texts}), pd.DataFrame({"text": texts[:1]})
    spec = FeatureSpec("alike", "text_similarity", item_field="text", query_field="text")
    state = json.loads(FeatureSpace.fit([spec], items, queries).to_bytes())
    state["format"] = 1
    del state["specs"][0]["stop_words"], state["specs"][0]["words"]
    for analyzer in ("words", "pieces"):
        fitted = Vocabulary.fit(analyzer, texts)
        state["texts"]["alike"][analyzer] = {**vars(fitted)}
    data = json.dumps(state).encode()
    read = FeatureSpace.from_bytes(data, hashlib.sha256(data).hexdigest())
    assert read.specs[0].stop_words == "english"
    assert read.texts["alike"].words.terms == ("card", "card working", "working")
    again = read.to_bytes()
    kept = FeatureSpace.from_bytes(again, hashlib.sha256(again).hexdigest())
    assert (kept.specs, kept.texts) == (read.specs, read.texts)


def overlap(item, query, **how):
    items, need = pd.DataFrame({"text": item}), {"text": query}
    spec = FeatureSpec("f", "overlap", item_field="text", query_field="text", **how)
    space = FeatureSpace.fit([spec], items, pd.DataFrame([need]))
    return space.build(need, space.prepare(items))["f"].tolist()


def test_an_overlap_of_texts_counts_their_words():
    texts = ["Growth, income", "growth and INCOME funds", "bonds", None, "—"]
    assert overlap(texts, "growth income", words=True) == pytest.approx(
        [1, 1, 0, float("nan"), float("nan")], nan_ok=True
    )
    assert overlap(texts[:2], "growth income", words=True, measure="jaccard") == [1, 0.5]
    assert overlap([["New York", "Ohio"]], "offices in new york", words=True) == [0.5]
    assert overlap(["CA", "California"], ["ca"]) == [1, 0], "without words a text is one member of a set"
