"""Table T3 on a molecule of springs, and what is made of its numbers."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.trajectory.measure.propagator_sizes import PROPAGATOR_SIZES, TIMES
from benchmarks.trajectory.names import FORCES, FREE, GICNET, SPACETIME
from benchmarks.trajectory.page.attribution import attribution_entries, attribution_target
from benchmarks.trajectory.page.propagators import (
    PUBLISHED,
    column_of,
    entries,
    markdown,
    targets,
)


def test_every_model_has_errors_as_far_as_it_reaches(propagated):
    for record in propagated[0]:
        found = {(row["model"], row["time"]) for row in record["rows"]}
        wanted = {(model, time) for model in (FORCES, FREE) for time in TIMES}
        assert found == wanted | {(one, t) for one in (SPACETIME, GICNET) for t in TIMES if t <= 10}
        by = {(row["model"], row["time"]): row for row in record["rows"]}
        for key in ("distance", "angle", "dihedral", "distance_velocity", "position"):
            assert by[FORCES, 1][key] < by[FORCES, 10][key] < by[FREE, 10][key]
        # Without forces a distance goes astray by about a t^2 / 2.
        assert by[FREE, 2]["distance"] == pytest.approx(4 * by[FREE, 1]["distance"], rel=0.3)


def test_chains_and_spectra_are_recorded(propagated):
    for record in propagated[0]:
        energy = record["energy"]
        assert energy["ps"] == pytest.approx(1.0)
        assert len(energy["true_std"]) == len(energy["model_max"]) == 2
        assert all(np.array(energy["model_std"]) < np.array(energy["model_max"]))
        for name in (SPACETIME, GICNET):
            assert all(one <= 0.05 + 1e-9 for one in record["networks"][name])
            assert record["speed"][name] > 0
        # The chain starts as the reference does, with the same energy in every vibration.
        assert 0.9 < record["power"]["similarity"] <= 1
        assert record["speed"]["many"] > record["speed"]["one"] > 0
        assert len(record["infrared"]["made"]) == len(record["infrared"]["wave_numbers"])


def test_numbers_are_means_and_spreads(propagated):
    records = propagated[0]
    numbers = entries("ethanol", records)
    by = {(one.table, one.row, one.column): one for one in numbers}
    own = [
        row["angle"]
        for record in records
        for row in record["rows"]
        if (row["model"], row["time"]) == (FORCES, 10)
    ]
    entry = by["T3 ethanol", FORCES, column_of(10, "angle")]
    assert entry.value == pytest.approx(np.mean(own))
    assert entry.std == pytest.approx(np.std(own, ddof=1))
    assert entry.unit == "rad"
    assert by["T3 diatomics", "H2", "phase error after 1 ps"].value == pytest.approx(0.03)
    assert "different data" in PUBLISHED
    assert by["T3 ethanol", PUBLISHED, column_of(10, "distance")].value == 3.5e-3
    assert not [one for one in entries("benzene", records) if one.row == PUBLISHED]
    text = "\n".join(markdown(numbers, "ethanol"))
    assert f"| {FORCES} | " in text
    assert "| model | 1 fs | 2 fs | 5 fs | 10 fs | 20 fs |" in text


def test_targets_tell_met_from_missed(propagated):
    records = propagated[0]
    numbers = entries("ethanol", records)
    met = {aim.text: aim.met for aim in targets(numbers, records)}
    assert len(met) == 11
    assert met["H2: phase within 1 %"]
    good = [replace(one, value=1e-9) for one in numbers]
    worse = [replace(one, value=1.0) for one in numbers]
    text = "10 fs, distances, root mean square error: at most 0.0035 Å"
    assert {aim.text: aim.met for aim in targets(good, records)}[text]
    assert not {aim.text: aim.met for aim in targets(worse, records)}[text]
    lost = [{**one, "energy": {**one["energy"], "true_max": [0.1, 9.0]}} for one in records]
    found = {aim.text: aim for aim in targets(numbers, lost)}
    assert not found["total energy of chains, max: at most 7 kcal/mol"].met
    assert found["total energy of chains, max: at most 7 kcal/mol"].found.startswith("2 of 4")


def test_what_turns_azobenzene(propagated):
    record = propagated[1]
    rows = attribution_entries(record)
    assert rows[0].row == record["dihedral"]
    assert {one.table for one in rows} == {"T3 azobenzene"}
    by = {one.column: one for one in rows if one.row == FORCES}
    agreed = by["outcomes of shots as by GFN2-xTB, forces from other shots"]
    assert (agreed.value, agreed.unit) == (record["outcomes"]["percent"], "%")
    alike = by["rank correlation with rankings by other forces or baselines"]
    assert alike.value == record["stability"]["spearman"]
    name = record["dihedral"]
    pair = [{"input": f"velocity of {name}", "degrees": 2.0}, {"input": name, "degrees": 1.0}]
    assert attribution_target({**record, "ranking": pair}).met
    other = [pair[1], {"input": "distance C0-N1", "degrees": 1.0}]
    assert not attribution_target({**record, "ranking": other}).met


def test_sizes():
    assert set(PROPAGATOR_SIZES) == {"small", "full"}
    assert PROPAGATOR_SIZES["full"].gicnet.members == 8
    assert PROPAGATOR_SIZES["small"].chain_ps == 50
