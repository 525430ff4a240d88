"""A row of the table of planted formulas."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """What became of one truth in the search of one engine.

    Parameters
    ----------
    group
        Name of the set of truths.
    engine
        What was asked for.
    used
        The engines that searched.
    kind, truth, points, inputs
        See `benchmarks.formulas.cases.Case`.
    chosen
        The formula that was chosen.
    same_structure
        Whether it has the structure of the truth.
    on_front
        Whether a formula of the Pareto front has.
    loss_gap, network_gap
        Held-out loss of the formula and of the network above that of the truth, in nats per
        outcome.
    learning, distilling
        Wall time in s.
    processor
        Processor time of both in s.
    """

    group: str
    engine: str
    used: str
    kind: str
    truth: str
    points: int
    inputs: int
    chosen: str
    same_structure: bool
    on_front: bool
    loss_gap: float
    network_gap: float
    learning: float
    distilling: float
    processor: float

    @property
    def key(self) -> tuple[str, str, str]:
        """What a row is about: set, truth and engine."""
        return self.group, self.truth, self.engine
