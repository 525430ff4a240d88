"""Several guesses of a transition path, independent of each other, by the method of the settings.

Each guess begins a family of chains. If all came from one crossing, a channel that it did not take
might never be seen, and chains that agree would say nothing about it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Frames
from mechanist.bookkeeping.journal import MD, Journal
from mechanist.engine.plan import Plan
from mechanist.errors import SamplingError
from mechanist.sampling.first_path.guess import Guess, pulled_path, torsion_path
from mechanist.sampling.first_path.guess_file import read_guess
from mechanist.sampling.first_path.hot_md import LEAST_GUESSES, SHARE, crossings, hot_paths
from mechanist.sampling.first_path.kept import KeptGuesses, NothingKept
from mechanist.settings.run import InitialSettings
from mechanist.systems.isomers import stiff_bonds
from mechanist.systems.prepared import Prepared

PULLS = 2
"""Guesses by a pull, one in each direction, beside those of other sources."""


@dataclass
class GuessSearch:
    """Looks for guesses by one method after the other.

    Parameters
    ----------
    prepared, settings, plan, seed
        Of the run.
    topology
        Of the user's file.
    log
        Journal.
    kept
        Guesses of the same search in a job that was interrupted.
    """

    prepared: Prepared
    settings: InitialSettings
    plan: Plan
    seed: int
    topology: Path
    log: Journal
    kept: KeptGuesses | NothingKept = field(default_factory=NothingKept)
    notes: dict[str, Any] = field(default_factory=dict)

    def find(self) -> list[Guess]:
        """Up to ``initial.guesses`` of them, at least one; ``notes`` say what did not work.

        Raises
        ------
        DataError, SamplingError
            If none is found.
        """
        method, wanted = self.settings.method, self.settings.guesses
        if self.settings.path is not None:
            found = self._from_file(Path(self.settings.path))[:wanted]
            return found if method == "file" else found + self._more_pulls(found, LEAST_GUESSES)
        if method == "torsions":
            return self._torsions()[:wanted]
        if method == "pull":
            return self._pulls(wanted)
        try:
            found = self._hot(max(1, wanted - PULLS) if method == "auto" else wanted)
        except SamplingError as error:
            if method == "hot":
                raise
            self.log(f"{error.what}; pulling instead")
            self.notes["before"] = error.what
            return self._pulls_after(error, wanted)
        return found if method == "hot" else found + self._more_pulls(found, wanted)

    def _hot(self, wanted: int) -> list[Guess]:
        return self.kept.of("hot_md", lambda: self._hot_md(wanted))

    def _hot_md(self, wanted: int) -> list[Guess]:
        settings = self.settings
        paths = hot_paths(
            self.prepared,
            settings.heating,
            settings.replicas,
            settings.budget,
            wanted,
            self.plan,
            self.seed,
            self.log,
            self.log.clock(MD),
            self.topology.parent,
        )
        return [
            Guess(
                path.frames,
                {
                    "method": "hot MD",
                    "temperature": path.factor * self.prepared.temperature,
                    "simulated_ps": path.simulated_ps,
                },
            )
            for path in paths
        ]

    def _pulls_after(self, error: SamplingError, wanted: int) -> list[Guess]:
        try:
            return self._pulls(wanted)
        except SamplingError as other:
            what = f"{error.what}; nor did a pull: {other.what}"
            raise SamplingError("first path", what) from None

    def _pulls(self, wanted: int) -> list[Guess]:
        """Pulls in both directions in turn; the first must succeed."""
        found = [self._pull(self.prepared, 0)]
        return found + self._more_pulls(found, wanted)

    def _more_pulls(self, found: list[Guess], wanted: int) -> list[Guess]:
        """Pulls until there are ``wanted`` guesses, as far as time allows; a failed one ends it.

        Beside guesses of other sources one in each direction, but for those that `LEAST_GUESSES`
        lack.
        """
        more: list[Guess] = []
        pulled = [guess for guess in found if guess.notes["method"] == "pull"]
        while len(found) + len(more) < wanted:
            lacking = len(found) + len(more) < LEAST_GUESSES
            if not lacking and not self._affordable(len(pulled) + len(more), bool(pulled)):
                break
            number = len(pulled) + len(more)
            try:
                more.append(self._pull(self._turned(found, number), number))
            except SamplingError as error:
                self.log(f"no more pulls: {error.what}")
                self.notes["pulls_ended"] = error.what
                break
        return more

    def _affordable(self, pulls: int, alone: bool) -> bool:
        """Whether one more pull than ``pulls`` fits into the time for guesses beyond the least."""
        prepared = self.prepared
        each = 2 * prepared.max_half_frames * prepared.timestep * prepared.stride
        return (alone or pulls < PULLS) and (pulls + 1) * each <= SHARE * self.settings.budget

    def _turned(self, found: list[Guess], number: int) -> Prepared:
        """The system where pull ``number`` starts: every other one in the other state."""
        states = self.prepared.states
        home = int(states.label_positions(self.prepared.positions[None])[0])
        if number % 2 == 0 or not found:
            return self.prepared
        frames = found[number % len(found)].frames
        ends = frames[[0, -1]]
        labels = states.label_positions(ends)
        other = ends[labels == (-home if home else 1)]
        if not len(other):
            return self.prepared
        return replace(self.prepared, positions=other[0].astype(np.float64))

    def _pull(self, start: Prepared, number: int) -> Guess:
        return self.kept.of(f"pull_{number}", lambda: [self._pulled(start, number)])[0]

    def _pulled(self, start: Prepared, number: int) -> Guess:
        # Three tries of a pull have seeds of their own.
        seed, clock = self.seed + 10 * number, self.log.clock(MD)
        guess = pulled_path(start, self.settings.along, self.plan.platform, seed, self.log, clock)
        return replace(guess, notes={"method": "pull"} | guess.notes)

    def _torsions(self) -> list[Guess]:
        """Windows from the first structure, and from where they end."""
        found: list[Guess] = []
        along, platform, clock = self.settings.along, self.plan.platform, self.log.clock(MD)
        for _ in range(2):
            try:
                guess = torsion_path(
                    self._turned(found, len(found)), along, platform, self.log, clock
                )
            except SamplingError:
                if not found:
                    raise
                break
            found.append(replace(guess, notes={"method": "torsions"} | guess.notes))
        return found

    def _from_file(self, path: Path) -> list[Guess]:
        """Every crossing of a trajectory of the user, or all of it if it does not cross.

        Those whose ends are other isomers than the structure are left out if there are others.
        """
        frames, said = read_guess(path, self.topology, self.prepared)
        for text in said:
            self.log(f"{path}: {text}")
        notes = {"method": "file", "file": str(path), "changes": said}
        parts = crossings(self.prepared.states.label_positions(frames)) or [slice(0, len(frames))]
        parts = self._of_one_isomer(path, frames, parts)
        return [
            Guess(frames[part], notes | {"file_frames": [part.start, part.stop - 1]})
            for part in _spread(parts, self.settings.guesses)
        ]

    def _of_one_isomer(self, path: Path, frames: Frames, parts: list[slice]) -> list[slice]:
        """The parts of a trajectory (F, N, 3) that end in the isomers of the structure, or all."""
        stiff = stiff_bonds(self.prepared)
        turned = np.array(
            [stiff.other_isomers(frames[[p.start, p.stop - 1]]).any(axis=0) for p in parts]
        )
        other = turned.any(axis=1)
        if not other.any():
            return parts
        bonds = stiff.text(np.flatnonzero(turned.any(axis=0)).tolist())
        if other.all():
            self.log(f"{path}: every crossing differs from the structure by a turn about {bonds}")
            return parts
        self.log(
            f"{path}: {other.sum()} of {len(parts)} crossings left out, which turn about {bonds}"
        )
        return [parts[row] for row in np.flatnonzero(~other)]


def _spread(parts: list[slice], most: int) -> Iterator[slice]:
    """At most so many of the parts of a trajectory, evenly spaced in time."""
    rows = np.unique(np.linspace(0, len(parts) - 1, min(most, len(parts))).round().astype(int))
    yield from (parts[row] for row in rows)
