"""Files of a distillation: formulas.csv with the Pareto front, formula.json with the choice.

The chosen formula is exported to other programs, too, see `mechanist.formula.export`.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.csv_files import csv_text
from mechanist.bookkeeping.files import damage_reported, read_json, write_json, write_text
from mechanist.errors import DataError
from mechanist.formula.export import exports_of, write_exports
from mechanist.formula.expression import inputs, parse
from mechanist.formula.result import Constant, Distillation, Formula
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

COLUMNS = ("complexity", "heldout_loss", "heldout_loss_se", "text", "latex", "chosen")
MORE_COLUMNS = (
    *("excess_loss", "excess_loss_se", "q_rms", "source"),
    *("stands_share", "chosen_share", "set_share", "familiar"),
)
FAMILIAR_KEYS = ("text", "latex", "complexity", "descriptors", "heldout_loss", "heldout_loss_se")


def write_formulas(distillation: Distillation, folder: Path, descriptors: DescriptorSet) -> None:
    """Write formulas.csv, formula.json and the files for other programs into ``folder``.

    Raises
    ------
    DataError
        If the formula uses a name that is not among ``descriptors``.
    """
    rows = []
    for formula in distillation.pareto_front:
        losses = (formula.heldout_loss, formula.heldout_loss_se)
        more = (formula.excess_loss, formula.excess_loss_se, formula.q_rms)
        chosen = "true" if formula == distillation.chosen else "false"
        row = [formula.complexity, *(f"{x:.6f}" for x in losses), formula.text, formula.latex]
        parts = (formula.stands_share, formula.chosen_share, formula.set_share)
        shares = (f"{x:.3f}" for x in parts)
        known = set(formula.descriptors) <= set(distillation.preferred)
        last = [formula.source, *shares, "true" if known and formula.descriptors else "false"]
        rows.append([*row, chosen, *(f"{x:.6f}" for x in more), *last])
    write_text(folder / "formulas.csv", csv_text([*COLUMNS, *MORE_COLUMNS], rows))
    write_exports(distillation.chosen.text, descriptors, folder)
    write_json(folder / "formula.json", to_json(distillation, descriptors))


def to_json(distillation: Distillation, descriptors: DescriptorSet) -> dict[str, Any]:
    """Content of formula.json."""
    used = descriptors.select(distillation.chosen.descriptors).to_json()
    return {
        **asdict(distillation.chosen),
        "stable": distillation.stable,
        "stability": distillation.stability,
        "readability": distillation.readability,
        "familiar": None
        if distillation.familiar is None
        else {key: getattr(distillation.familiar, key) for key in FAMILIAR_KEYS},
        "backend": distillation.backend,
        "backend_reason": distillation.backend_reason,
        "network_heldout_loss": distillation.network_heldout_loss,
        "network_heldout_loss_se": distillation.network_heldout_loss_se,
        "baselines": dict(distillation.baselines),
        "units": {"lengths": "nm", "angles": "rad", "q": "1"},
        "definitions": used["descriptors"],
        "selections": used["selections"],
        "box": used["box"],
        "exports": exports_of(distillation.chosen.text, descriptors),
    }


def used_descriptors(content: Mapping[str, Any], path: Path) -> DescriptorSet:
    """Descriptors of the formula, from the ``content`` of formula.json at ``path``.

    Raises
    ------
    DataError
        If a key is missing or damaged.
    """
    with damage_reported(path):
        rows = {"descriptors": content["definitions"], "box": content["box"]}
        return DescriptorSet.from_json({**rows, "selections": content["selections"]})


def load_formula(path: Path) -> Formula:
    """Read the chosen formula from formula.json; its text is parsed, never executed.

    Raises
    ------
    DataError
        If the file is missing, damaged, lacks a key, or its text is not a formula.
    """
    content = read_json(path)
    with damage_reported(path):
        constants = tuple(Constant(**entry) for entry in content["constants"])
        fields = {name: content[name] for name in Formula.__dataclass_fields__}
        changed = {"constants": constants, "descriptors": tuple(content["descriptors"])}
        formula = Formula(**{**fields, **changed})
    try:
        with damage_reported(path):
            found = set(inputs(parse(formula.text)))
    except DataError as error:
        raise DataError(path, f"text: {error.what}") from None
    named = [one for one in formula.descriptors if isinstance(one, str)]
    if len(named) < len(formula.descriptors) or found != set(named):
        raise DataError(path, "text and descriptors do not match; delete it and run again")
    return formula
