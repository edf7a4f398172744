"""Claim: a list is put in order by keys alone in few presses.

`python -m benchmarks.keyboard` counts, for random orders of eight cards, the presses of somebody who goes to
a card with the arrow keys and sends it to its rank with a digit, and who sees which cards need not move.
tests/browser/test_keyboard_effort.py presses the same keys on the page and finds the cards in that order.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence

import numpy as np

from benchmarks.reporting import interval, write

CARDS = 8


def presses(shown: Sequence[int], wanted: Sequence[int]) -> tuple[list[str], int]:
    """The keys that turn one order into the other, and how many cards they move; focus begins on the first.

    The longest part that is in order already stays; each other card is sent once, behind the one before it,
    in the sequence that takes fewest presses.

    >>> presses([2, 0, 1], [0, 1, 2])
    (['3'], 1)
    >>> presses([0, 2, 1], [0, 1, 2])
    (['ArrowDown', 'ArrowDown', '2'], 1)
    """
    target = {card: place for place, card in enumerate(wanted)}
    now = [target[card] for card in shown]
    loose = set(now) - set(_longest_in_order(now))
    tries = (_keys(now, sequence) for sequence in itertools.permutations(sorted(loose)))
    return min(tries, key=len), len(loose)


def _keys(now: Sequence[int], sequence: Sequence[int]) -> list[str]:
    """The keys for sending these cards in this sequence."""
    order, keys, focus = list(now), [], 0
    settled = set(now) - set(sequence)
    for card in sequence:
        start = order.index(card)
        keys += ["ArrowDown" if start > focus else "ArrowUp"] * abs(start - focus)
        order.remove(card)
        before = [order.index(one) for one in settled if one < card]
        focus = max(before, default=-1) + 1
        order.insert(focus, card)
        settled.add(card)
        keys.append(str(focus + 1))
    return keys


def _longest_in_order(values: Sequence[int]) -> list[int]:
    """A longest increasing part of different numbers.

    >>> _longest_in_order([3, 0, 2, 1, 4])
    [0, 2, 4]
    """
    best: list[list[int]] = []
    for value in values:
        longer = max((part for part in best if part[-1] < value), key=len, default=[])
        best.append([*longer, value])
    return max(best, key=len, default=[])


def permutations(count: int) -> list[list[int]]:
    """Random orders of the cards; seeds from 0."""
    return [np.random.default_rng(seed).permutation(CARDS).tolist() for seed in range(count)]


def main() -> None:
    """Count, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    lines, ratios, totals = [], [], []
    for seed, order in enumerate(permutations(parser.parse_args().seeds)):
        keys, moves = presses(order, sorted(order))
        changed = sum(now != card for now, card in zip(order, sorted(order), strict=True))
        ratios.append(len(keys) / max(changed, 1))
        totals.append(len(keys))
        lines.append(
            f"| {seed} | {' '.join(str(card + 1) for card in order)} | {moves} | {len(keys)} "
            f"| {changed} | {ratios[-1]:.2f} |"
        )
    write(
        "keyboard",
        [
            "# Keys for a list",
            "",
            f"Random orders of {CARDS} cards, seeds 0 to {len(lines) - 1}: arrows to the card, a digit for "
            "its rank. Means with 95 % intervals.",
            "",
            f"- presses a list: {interval(totals, 1)}; most {max(totals)}",
            f"- presses for a changed position: {interval(ratios, 2)}; most {max(ratios):.2f}",
            "",
            "| seed | cards as shown, by their rank | cards moved | presses | changed positions "
            "| presses for each |",
            "|---|---|---|---|---|---|",
            *lines,
        ],
    )


if __name__ == "__main__":
    main()
