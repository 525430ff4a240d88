"""Clocks of a journal: what they add up, and what they do not count twice."""

import subprocess
import sys
import time
from threading import Thread

import numpy as np
import pytest

from mechanist.bookkeeping.journal import (
    MD,
    SEARCH,
    SHOOTING,
    START_UP,
    TRAINING,
    Clock,
    Journal,
    merged,
)
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import HalfShots, ShotQueue
from mechanist.engine.plan import Plan

# The scheduler may let a sleep last longer, never shorter: bounds from below are exact, and those
# from above compare with a clock of the test's own.
NAP = 0.05


def test_work_within_work_of_the_same_kind_counts_once():
    journal = Journal()
    begun = time.monotonic()
    with journal.work(SHOOTING):
        time.sleep(NAP)
        with journal.work(SHOOTING):
            time.sleep(NAP)
    elapsed = time.monotonic() - begun
    assert 2 * NAP <= journal.clock(SHOOTING).seconds <= elapsed
    ((first, last),) = journal.times()["spans"]
    assert last - first > 2 * NAP - 0.01


def test_kinds_are_kept_apart_and_add_up():
    journal = Journal()
    begun = time.monotonic()
    for kind, naps in ((TRAINING, 1), (SEARCH, 2), (TRAINING, 2)):
        with journal.work(kind):
            time.sleep(naps * NAP)
    elapsed = time.monotonic() - begun
    training, search = journal.clock(TRAINING), journal.clock(SEARCH)
    assert training.seconds >= 3 * NAP
    assert search.seconds >= 2 * NAP
    assert training.seconds + search.seconds <= elapsed
    # Sleep is no work for a processor.
    assert training.cpu_seconds < training.seconds / 2
    times = journal.times()
    assert times["kinds"][TRAINING]["seconds"] == training.seconds
    assert times["kinds"][SHOOTING] == {"seconds": 0.0, "cpu_seconds": 0.0}
    assert len(times["spans"]) == 3


def test_time_of_the_processor_is_counted():
    clock = Clock()
    with clock:
        begun = time.process_time()
        while time.process_time() - begun < NAP:
            pass
    assert clock.cpu_seconds >= NAP


def test_time_of_processes_that_were_waited_for_is_counted():
    # Their time is known to a hundredth of a second.
    code = f"import time\nwhile time.process_time() < {NAP}: pass"
    clock = Clock()
    with clock:
        subprocess.run([sys.executable, "-c", code], check=True)
    assert clock.cpu_seconds >= NAP - 0.02


def test_threads_side_by_side_count_once():
    clock = Clock()

    def nap():
        with clock:
            time.sleep(NAP)

    threads = [Thread(target=nap) for _ in range(8)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert NAP <= clock.seconds <= time.monotonic() - begun


def test_a_fault_ends_the_work():
    journal = Journal()
    with pytest.raises(ZeroDivisionError), journal.work(TRAINING):
        raise ZeroDivisionError
    counted = journal.clock(TRAINING).seconds
    time.sleep(NAP)
    begun = time.monotonic()
    with journal.work(TRAINING):
        time.sleep(NAP)
    elapsed = time.monotonic() - begun
    assert NAP <= journal.clock(TRAINING).seconds - counted <= elapsed


def test_libraries_are_start_up_and_no_work():
    journal = Journal()
    before = journal.times()["start_up"]
    journal.load("json", "wave")
    assert "wave" in sys.modules
    assert journal.clock(START_UP).seconds > 0
    after = before + journal.clock(START_UP).seconds
    # Two clocks are read one after the other.
    assert journal.times()["start_up"] == pytest.approx(after, abs=0.05)
    assert journal.times()["spans"] == []


def test_lines_are_said():
    lines = []
    Journal(lines.append)("one line")
    assert lines == ["one line"]
    Journal()("said to nobody")


def test_a_process_knows_when_it_began():
    # To two ticks of a hundredth; it begins before its first line and after its parent's call.
    code = "from mechanist.bookkeeping.journal import Journal; print(Journal().times()['begun'])"
    before = time.time()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert before - 0.02 < float(done.stdout) < time.time()


def test_spans_are_merged():
    spans = [(5.0, 6.0), (0.0, 2.0), (1.0, 3.0), (1.5, 1.6), (8.0, 9.0)]
    assert merged(spans) == [(0.0, 3.0), (5.0, 6.0), (8.0, 9.0)]
    assert merged(spans, gap=2.0) == [(0.0, 9.0)]
    assert merged([]) == []


@pytest.mark.parametrize("lanes", [1, 3])
def test_time_in_openmm_is_less_than_that_of_the_loop(lanes, double_well):
    rng = np.random.default_rng(3)
    journal = Journal()
    plan = Plan("Reference", "pairs", 6, lanes)
    engine = make_engine(double_well, 6, plan, 1, clock=journal.clock(MD))
    positions = np.repeat(double_well.positions[None], 6, axis=0)
    queue = ShotQueue()
    queue.put(HalfShots(np.arange(6), positions, rng.normal(size=positions.shape)))
    with journal.work(SHOOTING):
        assert sum(len(halves) for halves in engine.run(queue.take)) == 6
    assert 0 < journal.clock(MD).seconds < journal.clock(SHOOTING).seconds
