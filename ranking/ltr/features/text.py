"""How alike two texts are: cosine of TF-IDF vectors over words and over pieces of words.

Words (1 and 2 in a row) find shared subjects; pieces of 3 to 5 characters find "equities" for "equity"
and forgive a typing error. No word is left out unless the feature says so: "not" is one. The similarity
is the mean of the two cosines. Weights follow scikit-learn's TfidfVectorizer (sublinear term frequency,
smoothed idf, unit length).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ranking.ltr.features.tokens import normalised, words

MOST_TERMS = 20_000
_WORDS = {"analyzer": "word", "ngram_range": (1, 2)}
_PIECES = {"analyzer": "char_wb", "ngram_range": (3, 5)}
_EVERY_WORD = {"tokenizer": words, "token_pattern": None, "preprocessor": str, **_WORDS}
# By the name that a fitted vocabulary carries: what a name once meant, it means for ever.
_ANALYZERS: Mapping[str, Mapping[str, Any]] = {
    "words": {"stop_words": "english", **_WORDS},
    "pieces": _PIECES,
    "every word": _EVERY_WORD,
    "every word but english stop words": {"stop_words": "english", **_EVERY_WORD},
    "pieces of normalised text": {"preprocessor": normalised, **_PIECES},
}
_WORDS_WITHOUT = {"none": "every word", "english": "every word but english stop words"}


def _counting(**settings: Any) -> Any:
    """A counter of terms; its library takes a second to import, for which only readers of texts wait."""
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(**settings)


@dataclass(frozen=True, eq=False)
class TextMatrix:
    """(n, terms) sparse unit vectors of n texts, over words and over pieces; (n,) which texts are empty."""

    words: Any
    pieces: Any
    empty: npt.NDArray[np.bool_]

    def take(self, rows: Any) -> TextMatrix:
        """Keep some rows."""
        return TextMatrix(self.words[rows], self.pieces[rows], self.empty[rows])


@dataclass(frozen=True)
class Vocabulary:
    """The terms of one analyzer in alphabetical order, with the number of texts that hold each."""

    analyzer: str
    terms: tuple[str, ...]
    frequencies: tuple[int, ...]
    n_texts: int

    @classmethod
    def fit(cls, analyzer: str, texts: Sequence[str]) -> Vocabulary:
        """Count the terms of the texts; of very many only the most frequent are kept."""
        counter = _counting(**_ANALYZERS[analyzer], max_features=MOST_TERMS)
        try:
            counts = counter.fit_transform(texts)
        except ValueError:  # "empty vocabulary": no text holds a word
            return cls(analyzer, (), (), len(texts))
        terms = tuple(str(term) for term in counter.get_feature_names_out())
        frequencies = np.bincount(counts.indices, minlength=len(terms))
        return cls(analyzer, terms, tuple(int(count) for count in frequencies), len(texts))

    @cached_property
    def _counter(self) -> Any:
        return _counting(**_ANALYZERS[self.analyzer], vocabulary=list(self.terms))

    @cached_property
    def _weights(self) -> Any:
        from sklearn.feature_extraction.text import TfidfTransformer

        transformer = TfidfTransformer(sublinear_tf=True)
        transformer.idf_ = np.log((1 + self.n_texts) / (1 + np.array(self.frequencies, dtype=np.float64))) + 1
        return transformer

    def vectors(self, texts: Sequence[str]) -> Any:
        """Return (n, terms) sparse unit vectors; a text without a known term is all zero."""
        if not self.terms:
            return _counting(vocabulary=["-"]).fit_transform([""] * len(texts)).astype(np.float64)
        counts = self._counter.transform(texts)
        return self._weights.transform(counts) if len(texts) else counts  # of no text it makes an error


@dataclass(frozen=True)
class TextSpace:
    """The vocabulary of one text feature; fitted once, then frozen with the feature space."""

    words: Vocabulary
    pieces: Vocabulary

    @classmethod
    def fit(cls, texts: Sequence[str], stop_words: str = "none") -> TextSpace:
        """Fit both vocabularies on the texts of items and queries together."""
        return cls(
            Vocabulary.fit(_WORDS_WITHOUT[stop_words], texts),
            Vocabulary.fit("pieces of normalised text", texts),
        )

    def prepare(self, texts: Sequence[str]) -> TextMatrix:
        """Turn n texts into unit vectors."""
        empty = np.array([not text.strip() for text in texts], dtype=bool)
        return TextMatrix(self.words.vectors(texts), self.pieces.vectors(texts), empty)

    def similarity(self, prepared: TextMatrix, text: str) -> npt.NDArray[np.float64]:
        """Return (n,) similarities from 0 to 1 to one text; NaN where either text is empty."""
        if not text.strip():
            return np.full(len(prepared.empty), np.nan)
        words = prepared.words @ self.words.vectors([text]).toarray()[0]
        pieces = prepared.pieces @ self.pieces.vectors([text]).toarray()[0]
        return np.where(prepared.empty, np.nan, (words + pieces) / 2)
