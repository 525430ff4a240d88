"""When chains have forgotten the guess that their first path was made from."""

import numpy as np

from mechanist.analysis.convergence.forgetting import forgetting, shots_to_forget


def frame(x):
    return np.full((1, 3), x, dtype=np.float32)


def test_a_shot_from_another_frame_forgets_the_guess_once_it_is_accepted():
    # Chain 4: rejected elsewhere, accepted from the guess itself, accepted elsewhere: 3 shots, of
    # which 2 accepted. Chain 5: only ever accepted from the guess. Chain 6: the first shot.
    rows = [(4, 0, False, 9), (4, 1, True, 1), (4, 2, True, 8), (4, 3, True, 7)]
    rows += [(5, 0, True, 2), (5, 1, False, 3), (6, 0, True, 5)]
    order = np.random.default_rng(3).permutation(len(rows))
    chain, move, accepted, x = (np.array(column)[order] for column in zip(*rows, strict=True))
    shots = {"chain": chain, "move": move, "accepted": accepted}
    points = np.stack([frame(value) for value in x])
    needed, taken = shots_to_forget(shots, points, {4: frame(1), 5: frame(2), 6: frame(3)})
    assert needed.tolist() == [3, -1, 1]
    assert taken.tolist() == [2, -1, 1]
    assert forgetting(needed, taken) == {
        "chains": 3,
        "forgotten": 2,
        "shots": 2.0,
        "shots_most": 3,
        "accepted": 1.5,
    }


def test_where_no_chain_has_forgotten_there_is_no_number():
    none = np.array([-1, -1])
    assert forgetting(none, none)["forgotten"] == 0
    assert forgetting(none, none)["shots"] is None
