"""Verb ``fill``: a sparse trajectory at full resolution."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.errors import DataError
from mechanist.trajectory.tools import card as cards
from mechanist.trajectory.tools.card import Card
from mechanist.trajectory.tools.fillers import BASELINE, Sparse
from mechanist.trajectory.tools.judge import MOVING, POSITIONS, ROUNDED, XTC, Row, best
from mechanist.trajectory.tools.keep import load_filler
from mechanist.trajectory.tools.mdtraj_files import WITH_ATOMS, check_writable, write
from mechanist.trajectory.tools.source import Source, check_atoms, read
from mechanist.trajectory.trajectory import Meta, Trajectory

MULTIPLE = 1e-3
"""Largest deviation of a stride from a whole number."""

NEW = 0.01
"""Share of frames that may be in new conformations: a held-out frame may be beyond the limit."""


@dataclass(frozen=True)
class Filled:
    """The dense trajectory, and the row of the card of the model that was used."""

    trajectory: Trajectory
    by: Row


def open_source(
    model: Path, path: Path, stride: int | None = None, times: bool = True
) -> tuple[Card, Source, Any]:
    """The card of a model, a file with frames of its molecule, and the topology.

    ``stride`` is the time between frames in units of that of the model, where the file has none;
    ``times`` says whether it matters.

    Raises
    ------
    DataError
        If one cannot be read, or the atoms differ.
    """
    card, topology = cards.read_card(model), cards.topology(model)
    named = path.suffix.lower() in (*WITH_ATOMS, ".npz")
    dt_ps = None if stride is None else stride * card.dt_ps
    source = read(path, None if named else topology, dt_ps, every_frame=False, times=times)
    check_atoms(source, card.numbers, model)
    return card, source, topology


def check_known(card: Card, source: Source, model: Path) -> None:
    """Refuse frames in conformations that the models have not learned.

    Raises
    ------
    DataError
        If there are too many of them.
    """
    x = source.trajectory.positions
    away = card.conformations.away(x)
    new = away > card.conformations.limit_nm
    if new.sum() > NEW * len(new):
        first = int(np.flatnonzero(new)[0])
        raise DataError(
            source.path,
            f"{int(new.sum())} of {len(new)} frames are in conformations that {model} has not"
            f" learned: frame {first + 1} is {away[first]:.3f} nm from the nearest one, the limit"
            f" is {card.conformations.limit_nm:.3f} nm; learn from a trajectory that has them",
        )


def fill(
    model: Path,
    sparse: Path,
    out: Path,
    stride: int | None = None,
    kind: str | None = None,
    log: Callable[[str], None] = print,
) -> Filled:
    """Fill the gaps of a trajectory, with the model that is best on the last block.

    Parameters
    ----------
    model
        Folder with models.
    sparse
        Trajectory of the same molecule, every n-th frame.
    out
        File to write; its suffix is the format.
    stride
        Frames of the result from one frame of ``sparse`` to the next; if None, from its times.
    kind
        Of the model; if None, the best.
    log
        Takes lines of text.

    Raises
    ------
    DataError
        If the molecule, a conformation or the stride is new, if no model is better than a
        polynomial, or if a file cannot be read or written.
    """
    check_writable(out, sparse)
    card, source, topology = open_source(model, sparse, stride)
    given = source.trajectory
    stride = stride_of(card, source, model) if stride is None else stride
    if len(given) < 2:
        raise DataError(sparse, f"{len(given)} frames; at least 2 are needed")
    known, velocities = _known(card, source, stride)
    row = _row(card, model, stride, known, kind)
    check_known(card, source, model)
    dense = load_filler(row.model, stride, model)(
        Sparse(given.positions, velocities, stride, card.dt_ps)
    )
    if not np.isfinite(dense.positions).all():
        raise DataError(sparse, f"{row.model} diverged; choose another with --model")
    meta = Meta("langevin", f"{model.name}: {row.model}")
    made = Trajectory(
        dense.positions, card.dt_ps, card.numbers, card.masses, dense.velocities, meta=meta
    )
    write(made, topology, out)
    log(
        f"{out}: {len(made)} frames {1e3 * card.dt_ps:g} fs apart, by {row.model}; its error on the"
        f" last block of the learned trajectory is {row.text()}, 99 % within {row.p99_nm:.2g} nm"
    )
    return Filled(made, row)


def stride_of(card: Card, source: Source, model: Path) -> int:
    """Time between frames of a file in units of that of a model.

    Raises
    ------
    DataError
        If it is not a whole number.
    """
    spacing = source.trajectory.dt_ps
    stride = round(spacing / card.dt_ps)
    if stride < 1 or abs(spacing / card.dt_ps - stride) > MULTIPLE * stride:
        raise DataError(
            source.path,
            f"frames are {1e3 * spacing:g} fs apart; {model} has {1e3 * card.dt_ps:g} fs, of which"
            " this is no multiple; if its times are wrong, state --stride",
        )
    return stride


def _known(card: Card, source: Source, stride: int) -> tuple[str, Any]:
    """What of the frames is known that models were judged with, and velocities."""
    judged = {row.known for row in card.fill}
    velocities = source.trajectory.velocities
    if velocities is not None and MOVING in judged and source.rounding_nm < XTC:
        return MOVING, velocities
    exact = source.rounding_nm < 0.1 * XTC and POSITIONS in judged
    return (POSITIONS if exact else ROUNDED), None


def _row(card: Card, model: Path, stride: int, known: str, kind: str | None) -> Row:
    """The row of the card of the model to use."""
    strides = sorted({row.stride for row in card.fill})
    if stride not in strides:
        raise DataError(
            model,
            f"stride {stride}: models were judged for {', '.join(map(str, strides))}; learn again"
            f" with --stride {stride}",
        )
    base = BASELINE[known == MOVING]
    rows = {row.model: row for row in card.fill if (row.stride, row.known) == (stride, known)}
    if kind is None:
        found = best(card.fill, known, stride)
        if found is None or found.model == base:
            raise DataError(
                model,
                f"stride {stride} ({known}): no learned model is better than a {base}, whose error"
                f" is {rows[base].text()}; --model {base} fills with that",
            )
        return found
    if kind not in rows:
        raise DataError(model, f"--model {kind}: has {', '.join(sorted(rows))} ({known})")
    row = rows[kind]
    if kind != base and row.mean_nm > rows[base].mean_nm:
        raise DataError(
            model,
            f"--model {kind}: its error of {row.text()} is above that of a {base},"
            f" {rows[base].text()}, for stride {stride} ({known})",
        )
    return row
