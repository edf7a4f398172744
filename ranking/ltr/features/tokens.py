"""The words of a text: everything that people would call one, in any script, and nothing left out.

A word of one letter, a digit, a "not" or a "C#" may be all that tells two texts apart.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import lru_cache

_ALIKE = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "−": "-"})
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")  # hyphens, joiners, marks
# Thai, Lao, Burmese, Khmer, kana and Han put no blank between words: there each character is one, and pairs
# of neighbours count as they do for words.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u31f0-\u31ff"
_UNSPACED += "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"


def normalised(text: str) -> str:
    """Return a text as it is compared: one form of each character, regardless of case.

    >>> normalised("Ｃafe\u0301’s STRASSE"), normalised("straße")
    ("café's strasse", 'strasse')
    """
    composed = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    return unicodedata.normalize("NFC", composed).translate(_ALIKE)


def words(text: str) -> list[str]:
    """Return the words of a text in their order, as they are compared.

    >>> words("The card isn't working: C++ on 3.5 V, size M, -5 °C")
    ['the', 'card', "isn't", 'working', 'c++', 'on', '3.5', 'v', 'size', 'm', '-5', 'c']
    >>> words("हिन्दी में नहीं"), words("東京の会社")
    (['हिन्दी', 'में', 'नहीं'], ['東', '京', 'の', '会', '社'])
    """
    return _pattern().findall(normalised(text))


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    """Python's `\\w` leaves out the marks that letters of Indic scripts carry: each would end a word."""
    marks = "".join(char for char in map(chr, range(sys.maxunicode)) if unicodedata.category(char)[0] == "M")
    letter = rf"[^\W{_UNSPACED}]"
    return re.compile(
        rf"[{_UNSPACED}][{marks}]*"
        rf"|(?:(?<![^\s(])-)?(?:\d+(?:[.,]\d+)+|\d+(?!{letter}))"
        rf"|{letter}(?:{letter}|[{marks}]|'(?={letter}))*[+#]*"
    )
