"""How alike two texts are: cosine of TF-IDF vectors over words and over pieces of words.

Words (1 and 2 in a row) find shared subjects; pieces of 3 to 5 characters find "equities" for "equity" and
forgive a typing error. The similarity is the mean of the two cosines. Weights follow scikit-learn's
TfidfVectorizer (sublinear term frequency, smoothed idf, unit length).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

_ANALYZERS: Mapping[str, Mapping[str, Any]] = {
    "words": {"analyzer": "word", "ngram_range": (1, 2), "stop_words": "english", "max_features": 20_000},
    "pieces": {"analyzer": "char_wb", "ngram_range": (3, 5), "max_features": 20_000},
}


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
        counter = _counting(**_ANALYZERS[analyzer])
        try:
            counts = counter.fit_transform(texts)
        except ValueError:  # "empty vocabulary": no text holds a word
            return cls(analyzer, (), (), len(texts))
        terms = tuple(str(term) for term in counter.get_feature_names_out())
        frequencies = np.bincount(counts.indices, minlength=len(terms))
        return cls(analyzer, terms, tuple(int(count) for count in frequencies), len(texts))

    @cached_property
    def _counter(self) -> Any:
        settings = {key: value for key, value in _ANALYZERS[self.analyzer].items() if key != "max_features"}
        return _counting(**settings, vocabulary=list(self.terms))

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
    def fit(cls, texts: Sequence[str]) -> TextSpace:
        """Fit both vocabularies on the texts of items and queries together."""
        return cls(Vocabulary.fit("words", texts), Vocabulary.fit("pieces", texts))

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
