"""Section ``formula`` of config.yaml: how q(x) is distilled into a formula."""

from typing import Literal

from pydantic import Field

from mechanist.settings.base import Section

Operator = Literal["add", "sub", "mul", "div", "exp", "log", "tanh", "sqrt"]


class FormulaSettings(Section):
    """The search for formulas and the choice among them."""

    backend: Literal["auto", "operon", "pysr", "both"] = Field(
        "auto",
        description="the engine of the symbolic search; auto: PySR where it and its Julia are "
        "installed, else Operon; both: what either finds",
    )
    inputs: int = Field(
        5,
        ge=1,
        le=1000,
        description="how many of the most relevant inputs may be used, beside those that define "
        "the states; and how many of formula_inputs of system.yaml",
    )
    allowed: tuple[str, ...] | None = Field(
        None, min_length=1, description="names of the only descriptors that may be used; null: any"
    )
    operators: tuple[Operator, ...] = Field(
        ("add", "sub", "mul", "div"),
        min_length=1,
        description="operations that the symbolic search may use beside numbers",
    )
    max_nodes: int = Field(25, ge=1, le=200, description="longest formula that may be chosen")
    seconds: float = Field(
        60,
        gt=0,
        le=86_400,
        description="ceiling on the search of an engine in s, not counting the start of Julia; "
        "the search is sized to end before it on two cores, and the log says so when it is cut "
        "short",
    )
    repeats: int = Field(
        4, ge=0, le=1000, description="searches of Operon, each with a seed and a length of its own"
    )
    population: int = Field(300, ge=10, le=1_000_000, description="formulas in each of them")
    generations: int = Field(50, ge=1, le=1_000_000, description="generations of each of them")
    iterations: int = Field(40, ge=1, le=1_000_000, description="iterations of PySR")
    width: int = Field(
        12, ge=1, le=1000, description="best formulas of each length that growth goes on from"
    )
    tie: float = Field(
        2e-4,
        ge=0,
        le=1,
        description="of formulas of one length whose losses differ by less, in nats per outcome, "
        "the one in the fewer and more relevant descriptors is taken",
    )
    enough: float = Field(
        3e-3,
        ge=0,
        le=1,
        description="a formula whose loss is within this of the best one's, in nats per outcome, "
        "is good enough if it is shorter; 0.003, below which another round of shots counts as no "
        "gain either, is an error of about 0.035 in p_B",
    )
    q_clip: float = Field(
        6.0, gt=0, le=50, description="the network's q is cut to this in size before the search"
    )
