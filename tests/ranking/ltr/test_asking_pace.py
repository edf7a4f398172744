"""How the work of a draw grows with the queries: by a pass over them, never by one for each."""

import numpy as np
import pytest

from ranking.ltr import Mix, ask


class Key:
    """A query's key that counts how often it is held against another one."""

    compared = 0

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return hash(self.number)

    def __eq__(self, other):
        Key.compared += 1
        return self is other


def compared(queries, n_slates, mix):
    """Comparisons that the draws take beyond what an empty round takes."""
    keys = [key for number in range(queries) for key in [Key(number)] * 2]
    scores = np.random.default_rng(0).normal(size=(2, len(keys)))
    counts = []
    for slates in (0, n_slates):
        Key.compared = 0
        found = ask(scores, keys, n_slates=slates, slate_size=2, mix=mix)
        assert len(found) == slates
        counts.append(Key.compared)
    return counts[1] - counts[0]


@pytest.mark.parametrize("mix", [Mix(random=1.0), Mix(committee=1), Mix(red_flag=1.0)], ids=repr)
def test_a_draw_holds_a_key_against_each_other_one_at_most_twice(mix):
    assert compared(300, 5, mix) <= 2 * 300 * 5
