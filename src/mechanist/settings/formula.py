"""Section ``formula`` of config.yaml: how q(x) is expressed as a formula."""

from typing import Literal

from pydantic import Field

from mechanist.settings.base import Section

Form = Literal["periodic", "saturating", "ratio", "exponential", "logarithm", "channels"]
Operator = Literal["add", "sub", "mul", "div", "exp", "log", "tanh", "sqrt"]


class FormulaSettings(Section):
    """The search for formulas and the choice among them."""

    backend: Literal["auto", "operon", "pysr", "both"] = Field(
        "auto",
        description="engine of the symbolic search; auto: Operon, and PySR if it and its Julia are "
        "installed and formulas are not good enough; both: candidates from both",
    )
    inputs: int = Field(
        5,
        ge=1,
        le=1000,
        description="number of the most relevant inputs that may be used, besides those that "
        "define the states, and number of formula_inputs of system.yaml",
    )
    allowed: tuple[str, ...] | None = Field(
        None, min_length=1, description="names of the descriptors that may be used; null: all"
    )
    prefer: tuple[str, ...] | None = Field(
        None,
        description="names of familiar descriptors, which formulas may always use: of formulas "
        "that are equal within error one in these alone is chosen, also if it is longer; null: "
        "those that system.yaml names; []: none",
    )
    operators: tuple[Operator, ...] = Field(
        ("add", "sub", "mul", "div"),
        min_length=1,
        description="operations that the symbolic search may use",
    )
    forms: tuple[Form, ...] = Field(
        ("periodic", "saturating", "ratio", "exponential", "logarithm", "channels"),
        description="forms that growth tries beside the operators: a cos(n phi + c), n = 1, 2, 3; "
        "a tanh(x); 1/x; exp(x); log(x) and log(x/y); and log(exp(x) + exp(y)) for two channels; "
        "[]: none",
    )
    max_nodes: int = Field(
        25, ge=1, le=200, description="length of the longest formula that may be chosen, in nodes"
    )
    seconds: float = Field(
        60,
        gt=0,
        le=86_400,
        description="time limit of an engine's search in s, of the processor for growth and "
        "Operon, not counting the start of Julia and its compilation; on two cores the search ends "
        "before it; the log says so when it is cut short",
    )
    repeats: int = Field(
        4, ge=0, le=1000, description="searches of Operon, each with its own seed and length"
    )
    population: int = Field(
        300, ge=10, le=1_000_000, description="formulas in the population of each search"
    )
    generations: int = Field(50, ge=1, le=1_000_000, description="generations of each search")
    iterations: int = Field(
        40,
        ge=1,
        le=1_000_000,
        description="iterations of PySR, at most those that 80 % of seconds allow: 1.3 s each "
        "after the first 7 s",
    )
    width: int = Field(
        12, ge=1, le=1000, description="best formulas of each length that growth extends"
    )
    tie: float = Field(
        2e-4,
        ge=0,
        le=1,
        description="difference of losses, in nats per outcome, below which, of two formulas of "
        "the same length, the one with fewer and more relevant descriptors is preferred",
    )
    enough: float = Field(
        3e-3,
        ge=0,
        le=1,
        description="excess loss over the best formula, in nats per outcome, up to which a "
        "shorter formula is preferred; 0.003 corresponds to an error of about 0.035 in p_B",
    )
    q_clip: float = Field(
        6.0,
        gt=0,
        le=50,
        description="the network's q is clipped to this absolute value before the search",
    )
