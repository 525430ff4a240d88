"""Chains of excursions and their exchange with equilibrium runs."""

import numpy as np
import pytest

from mechanist.engine.half_shots import END_NAMES, HalfPaths
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.excursions.excursions import ExcursionEnsemble
from mechanist.sampling.excursions.reservoir import COMMON, Reservoir, well_sampled
from mechanist.sampling.excursions.run_record import pieces
from mechanist.sampling.excursions.window_weights import WindowSelection

EDGES = np.linspace(0, 4, 5)


def position(frames):
    return frames[:, 0, 0].astype(float)


def excursion(*q):
    """Frames whose q is given; the first and the last are in states."""
    frames = np.zeros((len(q), 1, 3), dtype=np.float32)
    frames[:, 0, 0] = q
    return frames


def windows(log_weights):
    return WindowSelection(position, EDGES, np.array(log_weights), 100, "test")


def frames_in_windows(path):
    return np.histogram(np.clip(position(path[1:-1]), 0, 3.99), EDGES)[0]


def chain_on(path, ends, selection, reservoirs):
    ensemble = ExcursionEnsemble(selection, [ends], reservoirs)
    return Chains(np.array([1]), [CurrentPath(path, -1, 1)], ensemble, 7, np.ones(1))


ROW = np.array([0])


def test_pieces_have_both_ends_in_states():
    labels = np.array([0, -1, -1, 0, 0, -1, 0, 1, 0], dtype=np.int8)
    assert [(p.start, p.stop) for p in pieces(labels)] == [(2, 6), (5, 8)]


def test_frames_are_picked_in_proportion_to_the_weight_of_their_window():
    selection = windows([0, 1, 2, 3])
    (got,) = selection.candidates([excursion(0.5, 1.5, 9)])
    assert selection.windows(got).tolist() == [0, 1, 3]
    np.testing.assert_allclose(got.weights, np.exp([0, 1, 3]))


@pytest.mark.parametrize(
    ("ends", "taken"), [(("A", "A"), True), (("B", "A"), True), (("A", "too_long"), False)]
)
def test_every_shot_that_ends_in_states_is_accepted(ends, taken):
    path = excursion(-1, 0.5, 1.5, -1)
    chain = chain_on(path, ("A", "A"), windows(np.zeros(4)), [])
    keys = chain.propose(ROW).keys
    half = excursion(1.5, -1)
    numbers = np.array([END_NAMES.tolist().index(end) for end in ends], dtype=np.int8)
    two = np.array([2, 2])
    _, shots = chain.on_finished(HalfPaths(keys, numbers, two, np.concatenate([half, half]), two))
    assert shots.accepted.tolist() == [taken]
    if taken:
        np.testing.assert_array_equal(chain.paths[0].frames[::4], np.concatenate([half[-1:]] * 2))


def test_exchange_leaves_the_biased_ensemble_as_it_is():
    # A run in A makes these excursions with rates mu b; the second crosses to B, so that only half
    # of its occurrences start in A. The chain that does nothing but exchange must visit each with
    # probability mu G. Seed 7; 4 standard errors of counts of 10,000 draws whose correlation time
    # is at most 1 / (smallest acceptance) < 25.
    paths = [excursion(-1, 0.5, 0.5, -1), excursion(-1, 0.5, 1.5, 2.5, 3.5, 9), excursion(-1, 1, 0)]
    ends = [("A", "A"), ("A", "B"), ("A", "A")]
    mu = np.array([5.0, 2.0, 1.0])
    selection = windows([0.0, 0.7, 1.2, 1.5])
    copies = [0] * 5 + [1] * 1 + [2] * 1
    reservoir = Reservoir(
        "A",
        np.ones(4, dtype=bool),
        [paths[i] for i in copies],
        [ends[i] for i in copies],
        np.array([frames_in_windows(paths[i]) for i in copies], dtype=float),
        np.arange(len(copies)),
    )
    chain = chain_on(paths[0], ends[0], selection, [reservoir])
    totals = np.array([one.total for one in selection.candidates([path[1:-1] for path in paths])])
    expected = mu * totals / (mu * totals).sum()
    counts, draws = np.zeros(3), 10_000
    for _ in range(draws):
        chain.propose(ROW)
        chain.moves += 1
        counts[[len(path) for path in paths].index(len(chain.paths[0].frames))] += 1
    error = np.sqrt(25 * expected * (1 - expected) / draws)
    assert (np.abs(counts / draws - expected) < 4 * error).all()
    # The test can tell: without b the crossing path would come twice as rarely.
    wrong = mu * totals * [1, 0.5, 1]
    assert (np.abs(counts / draws - wrong / wrong.sum()) > 4 * error).any()


def test_an_excursion_in_b_is_not_exchanged_with_runs_in_a():
    path = excursion(9, 3.5, 9)
    other = excursion(-1, 0.5, -1)
    reservoir = Reservoir(
        "A", np.ones(4, bool), [other], [("A", "A")], np.array([[1.0, 0, 0, 0]]), np.arange(1)
    )
    chain = chain_on(path, ("B", "B"), windows(np.zeros(4)), [reservoir])
    for _ in range(20):
        chain.propose(ROW)
    assert chain.paths[0].frames is path
    assert chain.ensemble.exchanges == 0


def test_an_empty_reservoir_offers_nothing():
    path = excursion(-1, 0.5, -1)
    chain = chain_on(
        path,
        ("A", "A"),
        windows(np.zeros(4)),
        [Reservoir("A", np.ones(4, bool), [], [], np.empty((0, 4)), np.arange(0))],
    )
    chain.propose(ROW)
    assert chain.ensemble.exchanges == 0


def test_only_excursions_in_well_sampled_windows_are_exchanged():
    near, far = excursion(-1, 0.5, -1), excursion(-1, 0.5, 1.5, 2.5, -1)
    every = [near] * COMMON + [far]
    counts = np.array([frames_in_windows(path) for path in every], dtype=float)
    runs = np.arange(len(every))
    made = well_sampled("A", every, [("A", "A")] * len(every), counts > 0, counts, runs)
    assert made.runs.tolist() == list(range(COMMON))
    assert made.windows.tolist() == [True, False, False, False]
    assert len(made.excursions) == COMMON
    stays = chain_on(far, ("A", "A"), windows(np.zeros(4)), [made])
    moves = chain_on(near, ("A", "A"), windows(np.zeros(4)), [made])
    for chain in (stays, moves):
        for _ in range(20):
            chain.propose(ROW)
            chain.moves += 1
    assert stays.ensemble.exchanges == 0
    assert moves.ensemble.exchanges == 20


def test_out_of_b_windows_are_reached_from_above():
    path = excursion(9, 3.5, 9)
    counts = np.array([frames_in_windows(path)] * COMMON, dtype=float)
    ends = [("B", "B")] * COMMON
    made = well_sampled("B", [path] * COMMON, ends, counts > 0, counts, np.arange(COMMON))
    assert made.windows.tolist() == [False, False, False, True]
