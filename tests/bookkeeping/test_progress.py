"""How long work takes, in words."""

import re
import time

import pytest

from mechanist.bookkeeping.progress import duration, reporter


def test_progress_tells_pace_and_what_is_left():
    lines: list[str] = []
    report = reporter(lines.append, "fresh shots", every=0)
    for done in (1, 2, 3):
        time.sleep(0.05)
        report(done, 1000)
    # Three in 0.15 s or, on a machine under load, more: at most 20 a second.
    found = re.fullmatch(
        r"3 of 1,000 fresh shots, ([\d.]+) a second, ([\d.]+) (s|min) left", lines[-1]
    )
    assert found, lines
    assert 0 < float(found[1]) <= 20


def test_what_was_made_before_does_not_count_as_fast():
    lines: list[str] = []
    report = reporter(lines.append, every=0)
    time.sleep(0.1)
    report(501, 1000)
    assert lines[0].startswith("501 of 1,000 shots, ")
    assert float(lines[0].split(", ")[1].split()[0]) <= 10


def test_nothing_is_said_too_often():
    lines: list[str] = []
    report = reporter(lines.append, every=60)
    report(1, 3)
    report(2, 3)
    assert lines == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.25, "0.25 s"),
        (99.4, "99 s"),
        (99.7, "1.7 min"),
        (150, "2.5 min"),
        (5999, "100.0 min"),
        (312, "5.2 min"),
        (11_160, "3.1 h"),
        (345_600, "4.0 days"),
    ],
)
def test_durations(seconds, words):
    assert duration(seconds) == words
