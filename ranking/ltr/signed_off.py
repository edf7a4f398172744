"""Whether pairs that somebody signed off stay in order. Does *not* decide: `ranking.ltr.gate` does."""

from __future__ import annotations

from ranking.ltr.decision import NOT_APPLICABLE, PROMOTE, REFUSE, Check, NotMeasured
from ranking.ltr.figures import PairedResults


def signed_off(results: PairedResults) -> Check:
    """No pair that somebody signed off may be turned round, or made level."""
    margins = results.signed_off["challenger"].astype(float)
    pairs, missing = results.signed_off[margins.notna()], int(margins.isna().sum())
    unseen = f"; {missing} could not be looked at" if missing else ""
    if pairs.empty:
        return Check.without_measure("signed_off", _unseen(missing))
    flipped = pairs[margins[pairs.index] <= 0]
    lines = [
        {"query": str(line["query"]), "winner": str(line["winner"]), "loser": str(line["loser"])}
        for line in flipped.to_dict("records")
    ]
    figures = {"pairs": len(pairs), "missing": missing, "flipped": lines}
    if not lines:
        words = f"all {len(pairs)} stay in order{unseen}"
        return Check("signed_off", PROMOTE, figures, words)
    first = lines[0]
    words = (
        f"{len(lines)} of {len(pairs)} would be turned round, such as "
        f"{first['winner']} above {first['loser']} for {first['query']}{unseen}"
    )
    return Check("signed_off", REFUSE, figures, words)


def _unseen(missing: int) -> NotMeasured:
    if missing:
        return NotMeasured.too_little(0, missing, "signed-off pairs among the held-out candidates")
    return NotMeasured(NOT_APPLICABLE, "no pairs are signed off")
