"""Files of a distillation, whole and damaged."""

import csv
import json

import numpy as np
import pytest

from mechanist.errors import DataError
from mechanist.formula.result import Constant, Distillation, Formula
from mechanist.formula.store import load_formula, write_formulas
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from tests.conftest import forget

FORMULA = Formula(
    text="0.26 + 8.4*sin(phi) - 20*bond_C1_N2",
    latex=r"0.26 + 8.4 \, \sin \phi - 20 \, r_{\mathrm{C1\,N2}}",
    template="c0 + c1*sin(phi) + c2*bond_C1_N2",
    complexity=9,
    constants=(
        Constant("constant term", 0.26, 0.2, 0.3, "1"),
        Constant("factor of sin(phi)", 8.4, 8.1, 8.7, "1"),
        Constant("factor of bond_C1_N2", -20.0, -25.0, -15.0, "nm^-1"),
    ),
    descriptors=("phi", "bond_C1_N2"),
    heldout_loss=0.3,
    heldout_loss_se=0.01,
    excess_loss=0.0,
    excess_loss_se=0.0,
    q_rms=0.5,
    source="operon",
    stands_share=0.9,
    chosen_share=0.8,
    set_share=0.85,
)
OTHER = Formula(**{**FORMULA.__dict__, "text": "0.1", "complexity": 1, "descriptors": ()})
RESULT = Distillation(
    (OTHER, FORMULA),
    FORMULA,
    {"constant": 0.66},
    0.29,
    0.01,
    "operon",
    "auto: PySR is not installed",
    True,
    "85 % agree.",
)
INPUTS = DescriptorSet(
    (
        Descriptor("bond_C1_N2", "distance", (4, 6)),
        Descriptor("psi", "torsion", (6, 8, 14, 16)),
        Descriptor("phi", "torsion", (4, 6, 8, 14)),
    )
)


def test_round_trip(tmp_path):
    write_formulas(RESULT, tmp_path, INPUTS)
    formula = load_formula(tmp_path / "formula.json")
    assert formula == FORMULA
    phi, bond = np.linspace(-1, 1, 5), np.full(5, 0.13)
    expected = 0.26 + 8.4 * np.sin(phi) - 20 * bond
    np.testing.assert_allclose(formula.q({"phi": phi, "bond_C1_N2": bond, "psi": phi}), expected)


def test_names_of_files_and_keys(tmp_path):
    write_formulas(RESULT, tmp_path, INPUTS)
    with (tmp_path / "formulas.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle))
    assert rows[0][:6] == [
        *("complexity", "heldout_loss", "heldout_loss_se", "text", "latex", "chosen"),
    ]
    assert [row[5] for row in rows[1:]] == ["false", "true"]
    assert rows[2][3] == FORMULA.text
    content = json.loads((tmp_path / "formula.json").read_text(encoding="utf-8"))
    for key in ("text", "latex", "complexity", "backend", "constants", "descriptors"):
        assert key in content
    assert content["backend_reason"] == "auto: PySR is not installed"
    for key in ("heldout_loss", "heldout_loss_se", "network_heldout_loss", "q_rms", "baselines"):
        assert key in content


def test_what_the_names_mean_and_files_for_other_programs(tmp_path):
    write_formulas(RESULT, tmp_path, INPUTS)
    content = json.loads((tmp_path / "formula.json").read_text(encoding="utf-8"))
    phi, bond = content["definitions"]
    assert (phi["name"], phi["kind"], phi["atoms"]) == ("phi", "torsion", [4, 6, 8, 14])
    assert (bond["name"], bond["kind"], bond["unit"]) == ("bond_C1_N2", "distance", "nm")
    assert content["box"] is None
    assert set(content["exports"]) == {"python", "plumed", "openmm"}
    for name in content["exports"].values():
        assert "bond_C1_N2" in (tmp_path / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": "__import__('os').system('true')"}, "not allowed"),
        ({"text": "0.26 + "}, "not a formula"),
        ({"text": "0.26 + 8.4*sin(psi)"}, "do not match"),
        ({"descriptors": [{"phi": 1}]}, "do not match"),
        ({"text": None}, "damaged"),
        ({"constants": [{"value": 1.0}]}, "damaged"),
        ({"constants": 3}, "damaged"),
        ({"q_rms": ...}, "lacks 'q_rms'"),
    ],
)
def test_damage_is_told_in_one_line(change, message, tmp_path):
    write_formulas(RESULT, tmp_path, INPUTS)
    forget(tmp_path)
    path = tmp_path / "formula.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for key, value in change.items():
        if value is ...:
            del content[key]
        else:
            content[key] = value
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        load_formula(path)
    assert "formula.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_or_broken_file(tmp_path):
    with pytest.raises(DataError, match="missing"):
        load_formula(tmp_path / "formula.json")
    (tmp_path / "formula.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="damaged"):
        load_formula(tmp_path / "formula.json")
    (tmp_path / "formula.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DataError, match="damaged"):
        load_formula(tmp_path / "formula.json")
