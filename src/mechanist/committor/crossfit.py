"""Cross-fitting: every chain is predicted by networks that have not seen it.

The model of a round is trained on all chains but those that are held out; only these can test it.
To test with all chains, the training chains are divided into `FOLDS` parts, and for each part a
small ensemble is trained on all other chains, the held-out ones included (Stone, J. R. Stat. Soc. B
36, 111 (1974)). Chains of a part decide nothing about its networks, early stopping included: the
out-of-bag chains of their members are among the chains that they were given. Held-out chains are
predicted by the model itself. Networks have `MEMBERS` members and are trained on about as many
chains as the model, so that their errors are somewhat larger than those of the model.

The part of a chain follows from its number alone, so that models of different rounds, which are
compared on the same chains, have left out the same ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mechanist.arrays import Q, Rows
from mechanist.bookkeeping.files import damage_reported
from mechanist.bookkeeping.model_files import Tensors, read_model, write_model
from mechanist.committor.data import ShotData
from mechanist.committor.network import Committor, tensors_of
from mechanist.committor.training import Log, train_parts
from mechanist.errors import DataError
from mechanist.settings.learn import LearnSettings
from mechanist.statistics.held_out import held_out, held_out_every

FOLDS = 4
"""Parts of the training chains."""

MEMBERS = 2
"""Networks that predict a part."""

BY_MODEL = -1
"""Part of the held-out chains, which the model itself predicts."""

FORMAT = 1
"""Of the files."""


def folds(chain: Rows, every: int) -> Rows:
    """Part (N,) that each shot belongs to, from the numbers of all chains, which count from 0."""
    apart = held_out(chain, every)
    step = held_out_every(int(chain.max()) + 1, every) if len(chain) else every
    rank = chain - (chain + 1) // step
    return np.where(apart, BY_MODEL, rank % FOLDS)


@dataclass(frozen=True)
class CrossFit:
    """Predictions for chains by networks that have not seen them.

    Attributes
    ----------
    model
        The model of the round, for held-out chains.
    parts
        Networks for each part of the training chains.
    every
        Setting ``learn.held_out_every``.
    """

    model: Committor
    parts: Mapping[int, Committor]
    every: int

    def network(self, fold: int) -> Committor:
        """Networks that have not seen a part."""
        return self.model if fold == BY_MODEL else self.parts[fold]

    def q(self, data: ShotData) -> Q:
        """Reaction coordinate (N,) at the shots of all chains of a run.

        Raises
        ------
        DataError
            If there are chains of a part without networks, or a q is not finite.
        """
        fold = folds(data.chain, self.every)
        result = np.empty(len(data))
        for one in np.unique(fold).tolist():
            if one != BY_MODEL and one not in self.parts:
                raise DataError("crossfit.json", "made for fewer chains; run the stage learn again")
            here = fold == one
            result[here] = self.network(one).q(data.features[here])
        return result


def cross_fit(
    data: ShotData,
    model: Committor,
    settings: LearnSettings,
    rng: np.random.Generator,
    threads: int,
    log: Log,
    warm: Committor | None = None,
) -> CrossFit:
    """Train the networks of every part.

    Parameters
    ----------
    data
        Shots of all chains.
    model
        Of the round.
    settings
        Section ``learn``; of several weight decays only the one chosen for the model.
    rng, threads, log, warm
        See `mechanist.committor.training.train`.
    """
    every = settings.held_out_every
    small = settings.model_copy(update={"members": MEMBERS})
    part = folds(data.chain, every)
    parts = train_parts(data, part, small, model.feature_names, rng, threads, warm)
    log(f"trained {len(parts)} x {MEMBERS} networks for cross-fitting")
    return CrossFit(model, parts, every)


def save(fitted: CrossFit, weights_path: Path, json_path: Path) -> None:
    """Write the networks of all parts; each file is complete or absent."""
    tensors: Tensors = {}
    for fold, network in fitted.parts.items():
        tensors |= {f"{fold}.{name}": tensor for name, tensor in tensors_of(network).items()}
    card = {
        "meaning": "networks for cross-fitting: part k has not seen the training chains of rank r,"
        f" r % {FOLDS} = k, counted without the held-out chains, every n-th",
        "held_out_every": fitted.every,
        "folds": sorted(fitted.parts),
        "features": list(fitted.model.feature_names),
        "layers": len(fitted.model.layers),
    }
    write_model(weights_path, json_path, tensors, FORMAT, card)


def load(model: Committor, weights_path: Path, json_path: Path) -> CrossFit:
    """Read the networks of all parts, for the model of the same round.

    Raises
    ------
    DataError
        If a file is missing or damaged, or was made with other inputs.
    """
    card, tensors = read_model(weights_path, json_path, FORMAT, "card of cross-fitting")
    parts = {}
    with damage_reported(json_path):
        if tuple(card["features"]) != model.feature_names:
            raise DataError(json_path, "was made with other inputs; run the stage learn again")
        for fold in card["folds"]:
            own = {n.partition(".")[2]: t for n, t in tensors.items() if n.startswith(f"{fold}.")}
            layers = tuple((own[f"weights_{i}"], own[f"biases_{i}"]) for i in range(card["layers"]))
            parts[int(fold)] = replace(
                model, mean=own["mean"], scale=own["scale"], skip=own["skip"], layers=layers,
                density_edges=None, density=None, error=None,
            )  # fmt: skip
        return CrossFit(model, parts, int(card["held_out_every"]))
