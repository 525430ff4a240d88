"""Rates and free energies in the report, and the free energy over descriptors of choice."""

import csv

import numpy as np
import pytest

from mechanist.bookkeeping.files import write_json
from mechanist.errors import DataError, MechanistError
from mechanist.report.load import load_report
from mechanist.report.rates import derived_rows, rate_rows, three_digits
from mechanist.report.summary import NO_RATES, build_summary
from mechanist.sampling.records.tables import write_frames, write_table
from mechanist.settings.config import Config
from mechanist.settings.kinetics import KineticsSettings
from mechanist.stages.free_energy import free_energy
from tests.report.kinds import ALANINE, DOUBLE_WELL
from tests.report.synthetic import chain_of_six, make_run, write_all

RATES = {
    "k_AB_per_ps": {"value": 1.1e-6, "low": 5.1e-7, "high": 2.4e-6},
    "k_BA_per_ps": {"value": 0.0141, "low": 0.0085, "high": 0.023},
    "mean_first_passage_AB_ps": {"value": 901449.6, "low": 411862.6, "high": 1973015.8},
    "mean_first_passage_BA_ps": {"value": 70.9, "low": 43.5, "high": 117.6},
    "delta_F_kJ_per_mol": {"value": -6.35, "low": -8.48, "high": -4.22},
}


def add_rates(layout, kind, determined=True, preliminary=False):
    why = "path sampling has not converged: R-hat 1.4"
    content = {
        "determined": determined,
        "preliminary": preliminary,
        "preliminary_reason": why if preliminary else "",
        "reason": "" if determined else "only 3 shots joined A and B (at least 20)",
        "mean_path_duration_ps": {"value": 0.275, "low": 0.272, "high": 0.278},
        **(RATES if determined else dict.fromkeys(RATES)),
        **({"md_steps": 5934150, "md_steps_plain_run": 3.04e9} if determined else {}),
    }
    write_json(layout.kinetics, content)
    q = np.linspace(-8, 8, 17)
    lines = ["q,free_energy_kJ_per_mol,low,high"]
    lines += [
        f"{x:.3f},{30 - 0.4 * x**2:.3f},{29 - 0.4 * x**2:.3f},{31 - 0.4 * x**2:.3f}" for x in q
    ]
    layout.profile.parent.mkdir(exist_ok=True)
    layout.profile.write_text(
        "\n".join(lines if determined else lines[:1]) + "\n", encoding="utf-8"
    )
    rng = np.random.default_rng(3)
    size = 4000 if determined else 0
    if kind.atoms == 1:
        frames = np.zeros((size, 1, 3))
        frames[:, 0, 0] = rng.choice([-1, 1], size) + 0.15 * rng.normal(size=size)
    else:
        angles = rng.normal(scale=0.4, size=(3, size))
        frames = chain_of_six(angles[0], angles[1] - 1.4, angles[2] + 1.2, np.full(size, 2.1))
    write_frames(layout.equilibrium_frames, [frames.astype(np.float32)] if size else [])
    weights = {"weight": np.full(size, 1 / max(1, size))}
    write_table(layout.equilibrium_weights, weights, ("weight",))


@pytest.fixture(params=[ALANINE, DOUBLE_WELL], ids=["molecule", "potential"])
def run(request, tmp_path):
    layout = make_run(tmp_path / "run", request.param, rounds=1)
    add_rates(layout, request.param)
    return layout


def test_rates_that_were_not_asked_for_are_not_those_of_a_run_before(run):
    last, config = run.rounds()[-1], Config(kinetics=KineticsSettings(rates=False))
    with_rates = build_summary(load_report(run, last), Config())
    assert with_rates["kinetics"]["k_AB_per_ps"]["value"] == 1.1e-6
    assert NO_RATES not in with_rates["remarks"]
    data = load_report(run, last, rates=False)
    without = build_summary(data, config)
    assert (without["kinetics"], data.profile, data.equilibrium) == (None, None, None)
    assert without["channels"] is None
    assert NO_RATES in without["remarks"]


def test_the_page_shows_rates_with_intervals_and_both_free_energies(run):
    write_all(run)
    page = run.report.read_text(encoding="utf-8")
    assert "<h2>Rates</h2>" in page
    assert 'rate from A to B</td><td class="n">1.10 × 10⁻⁶</td>' in page
    assert "5.10 × 10⁻⁷ to 2.40 × 10⁻⁶" in page
    assert "\u22126.35" in page
    assert 'id="along_q"' in page
    assert 'id="over_descriptors"' in page
    assert "3.04 × 10⁹" in page
    assert "rate from B to A" in run.summary_text.read_text(encoding="utf-8")


def test_the_page_says_why_there_is_no_rate(tmp_path):
    layout = make_run(tmp_path / "run", ALANINE, rounds=1)
    add_rates(layout, ALANINE, determined=False)
    write_all(layout)
    page = layout.report.read_text(encoding="utf-8")
    assert "only 3 shots joined A and B (at least 20)" in page
    assert "rate from A to B" not in page
    assert "mean duration of a transition path" in page
    assert 'id="along_q"' not in page
    assert "no rates: only 3 shots" in layout.summary_text.read_text(encoding="utf-8")


@pytest.mark.parametrize("preliminary", [True, False])
def test_rates_of_path_sampling_that_has_not_converged_are_preliminary(tmp_path, preliminary):
    layout = make_run(tmp_path / "run", ALANINE, rounds=1)
    add_rates(layout, ALANINE, preliminary=preliminary)
    write_all(layout)
    words = "These rates are preliminary: path sampling has not converged: R-hat 1.4."
    for file in (layout.report, layout.summary_text):
        assert (words in file.read_text(encoding="utf-8")) == preliminary


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.109e-6, "1.11 × 10⁻⁶"),
        (-3.28, "\u22123.28"),
        (70790.8, "70,800"),
        (0.275, "0.275"),
        (3.04e9, "3.04 × 10⁹"),
        (0.0, "0"),
    ],
)
def test_numbers_have_three_digits(value, text):
    assert three_digits(value) == text


def test_rows_have_units(run):
    units = [unit for *_, unit in rate_rows(load_report(run, 0))]
    assert units == ["ps⁻¹", "ps⁻¹", "ps", "ps", "kJ/mol", "ps"]


def test_frames_without_weights_are_refused(run):
    write_table(run.equilibrium_weights, {"weight": np.ones(7)}, ("weight",))
    with pytest.raises(DataError, match="7 have weights"):
        load_report(run, 0)


def test_free_energy_over_descriptors_of_choice(tmp_path):
    layout = make_run(tmp_path / "run", ALANINE, rounds=1)
    add_rates(layout, ALANINE)
    out = tmp_path / "over.csv"
    free_energy(layout, ["phi", "theta"], out, lambda _: None)
    rows = list(csv.DictReader(out.open(encoding="utf-8")))
    assert list(rows[0]) == ["phi_degrees", "theta_degrees", "free_energy_kJ_per_mol"]
    energies = [float(row["free_energy_kJ_per_mol"]) for row in rows]
    assert min(energies) == 0
    assert out.with_suffix(".png").stat().st_size > 5000
    # One Gaussian of 0.4 rad: F rises by kT / 2 at one standard deviation. Bins of 6 degrees hold
    # about 100 frames there, so that 4 standard errors of a difference are 0.57 kT.
    free_energy(layout, ["psi"], out, lambda _: None)
    energy = {
        float(row["psi_degrees"]): float(row["free_energy_kJ_per_mol"])
        for row in csv.DictReader(out.open(encoding="utf-8"))
    }
    centre, one = np.degrees(1.2), np.degrees(1.6)
    at = {x: energy[min(energy, key=lambda k: abs(k - x))] for x in (centre, one)}
    kt = load_report(layout, 0, frames=False).dynamics.kt
    assert at[one] - at[centre] == pytest.approx(kt / 2, abs=0.57 * kt)


def test_free_energy_without_rates_is_refused(tmp_path):
    layout = make_run(tmp_path / "run", ALANINE, rounds=1)
    with pytest.raises(DataError, match="has no rates"):
        free_energy(layout, ["phi"], tmp_path / "f.csv", lambda _: None)
    with pytest.raises(MechanistError, match="no such descriptor"):
        free_energy(layout, ["nothing"], tmp_path / "f.csv", lambda _: None)


def test_what_follows_from_the_rates(run):
    """By constants of scipy, which the page does not use."""
    from scipy import constants

    data = load_report(run, 0)
    rows = {row[0]: row for row in derived_rows(data)}
    assert rows["rate from A to B"][1:] == ("1,100,000", "510,000 to 2,400,000", "s⁻¹")
    half = np.log(2) / 1.1e6
    assert rows["half-life of A"][1] == three_digits(half)
    low, high = rows["half-life of A"][2].split(" to ")
    assert (low, high) == (three_digits(np.log(2) / 2.4e6), three_digits(np.log(2) / 5.1e5))
    kt = data.dynamics.kt
    thermal = kt * 1000 / constants.N_A
    barrier = kt * np.log(thermal / constants.h / 1.1e6)
    shown = rows["free energy of activation from A to B (Eyring)"]
    assert float(shown[1]) == pytest.approx(barrier, rel=5e-3)
    bottom, top = map(float, shown[2].split(" to "))
    assert bottom < barrier < top
    write_json(run.kinetics, {"determined": False, "reason": "x", "mean_path_duration_ps": None})
    assert derived_rows(load_report(run, 0)) == []
