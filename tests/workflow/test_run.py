"""One complete run on the double well, and what changes of the settings make of it."""

import json
import os
import runpy

import numpy as np
import pytest

import mechanist
from mechanist.bookkeeping.files import manifest, read_json, sha256
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.seal import verify
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    read_frames,
    read_paths,
    read_table,
)
from tests.workflow.conftest import REPOSITORY, Run

FILES = [
    "summary.json",
    "summary.md",
    "report.html",
    "formulas.csv",
    "formula.json",
    "formula.py",
    "formula.plumed",
    "formula_openmm.xml",
    "committor/model.safetensors",
    "committor/model.json",
    "committor/network.py",
    "committor/inputs.json",
    "committor/network.plumed",
    "relevance.csv",
    "shots.parquet",
    "paths/paths.trr",
    "paths/paths.parquet",
    "paths/topology.pdb",
    "validation.csv",
    "validation/formula.csv",
    "validation/front.csv",
    "kinetics.json",
    "kinetics/free_energy.csv",
    "kinetics/frames.trr",
    "kinetics/frames.parquet",
    "manifest.json",
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("double_well"))
    run.complete()
    return run


def test_everything_promised_is_there(finished):
    for name in FILES:
        assert (finished.root / name).stat().st_size > 0, name
    for folder in ("benchmarks", "logs"):
        assert any((finished.root / folder).iterdir())


def test_the_network_for_other_programs_is_that_of_the_run(finished):
    """Within the rounding of single precision."""
    run = mechanist.open_run(finished.root)
    frames = run.trajectory().xyz[::50]
    network = runpy.run_path(str(finished.root / "committor" / "network.py"))
    assert np.abs(network["p_B"](frames) - run.committor(frames)["p"]).max() < 1e-5


def test_shots_and_paths_hold_together(finished):
    layout = Layout(finished.root)
    shots = read_table(layout.shots, SHOT_COLUMNS)
    rounds = finished.rounds()
    assert len(shots["round"]) == sum(min(320 * 2**r, 640) for r in range(rounds))
    keys = np.stack([shots["chain"], shots["move"]])
    assert len(np.unique(keys, axis=1).T) == len(shots["round"])
    assert np.isnan(shots["p_predicted"][shots["round"] == 0]).all()
    later = shots["p_predicted"][shots["round"] > 0]
    assert ((later > 0) & (later < 1)).all()
    paths = read_paths(layout.paths.paths, layout.paths.index, 1)
    assert (paths.index["weight"] > 0).all()
    x = paths.frames[:, 0, 0]
    starts = paths.index["first_frame"]
    assert (x[starts] < -0.79).all()
    assert (x[starts + paths.index["frames"] - 1] > 0.79).all()
    assert set(PATH_COLUMNS) == set(paths.index)


def test_the_run_in_python(finished):
    run = mechanist.open_run(finished.root)
    assert len(run.shots) == run.summary["shots"]
    assert len(run.rounds) == finished.rounds()
    assert set(run.paths["chain"]) <= set(run.shots["chain"])
    path = run.trajectory(0)
    x = run.descriptors(path)["x"]
    np.testing.assert_allclose(x, path.xyz[:, 0, 0], atol=1e-6)
    table = run.committor(path)
    # From A at negative x to B: the committor of the double well rises with x.
    assert np.corrcoef(x, table["q"])[0, 1] > 0.9
    assert ((table["low"] <= table["p"]) & (table["p"] <= table["high"])).all()
    expected = run.formula.q({"x": x.to_numpy()}) if run.formula.descriptors else 0.0
    np.testing.assert_allclose(table["q_formula"], expected)
    assert len(run.validation) == run.summary["validation"]["points"]
    assert list(run.formulas["complexity"]) == sorted(run.formulas["complexity"])
    assert run.relevance.index.tolist() == ["x"]
    assert "not converged" in run._repr_html_() or run.summary["converged"]


def test_manifests_fit(finished):
    layout = Layout(finished.root)
    for number in layout.rounds():
        files = layout.round(number)
        hashes = read_json(files.manifest)
        assert len(hashes) == 2 * 6 + 5
        assert manifest([files.folder / name for name in hashes], files.folder) == hashes


def test_verify_finds_each_of_a_hundred_flipped_bits(finished):
    layout = Layout(finished.root)
    assert verify(layout)[0] == []
    rng = np.random.default_rng(14)
    every = (path for path in sorted(finished.root.rglob("*")) if path.is_file())
    files = [path for path in every if path.stat().st_size]
    # All but the log and the cost of the job that seals, which end after it.
    apart = ("logs/seal.log", "benchmarks/seal.tsv")
    known = [path for path in files if path.relative_to(finished.root).as_posix() not in apart]
    assert len(files) - len(known) == 2
    sizes = np.array([path.stat().st_size for path in known])
    # Half anywhere in the bytes, half anywhere among the files: most bytes are in report.html.
    chosen = [*rng.choice(len(known), 50, p=sizes / sizes.sum()), *rng.choice(len(known), 50)]
    for number in chosen:
        path, whole, times = known[number], known[number].read_bytes(), known[number].stat()
        flipped = bytearray(whole)
        flipped[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        path.write_bytes(flipped)
        faults, _ = verify(layout)
        path.write_bytes(whole)
        # Later tests ask what a finished run would do again: nothing, also by the files' times.
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert len(faults) == 1, path
        subject = path.name.removeprefix(".").removesuffix(".sha256")
        assert faults[0].startswith("damaged: ")
        assert subject in faults[0]
    assert verify(layout)[0] == []


def test_the_summary_names_what_the_run_was_made_from(finished):
    made = json.loads((finished.root / "summary.json").read_text(encoding="utf-8"))["provenance"]
    system = REPOSITORY / "systems" / "double_well" / "system.yaml"
    assert made["inputs"] == {"system.yaml": sha256(system)}
    assert made["rounds"]["000"] == sha256(finished.root / "rounds" / "000" / "manifest.json")
    assert made["prepared"]["system.xml"] == sha256(finished.root / "system" / "system.xml")
    assert len(made["config"]) == len(made["source"]) == 64


def test_summary_has_the_keys_of_the_interface(finished):
    summary = json.loads((finished.root / "summary.json").read_text(encoding="utf-8"))
    # The criteria of this small run are loose; its fresh shots have the last word.
    assert summary["converged"] or "are met, but fresh shots contradict" in summary["reason"]
    keys = {"system", "seed", "versions", "hardware", "reason", "rounds", "shots", "acceptance"}
    keys |= {"wall_seconds", "formula", "network", "validation", "kinetics"}
    assert keys <= set(summary)
    assert set(summary["formula"]) >= {"text", "latex", "complexity", "backend", "heldout_loss"}
    assert summary["shots"] == len(read_table(Layout(finished.root).shots, ["round"])["round"])


def test_the_formula_is_the_coordinate(finished):
    # The committor of a symmetric double well is odd in x and rises with it.
    formula = json.loads((finished.root / "formula.json").read_text(encoding="utf-8"))
    assert formula["descriptors"] == ["x"]


def test_rates_are_those_of_the_double_well(finished):
    # k = 4.84e-3 per ps at this stride, from unbiased runs; 4 standard errors of the logarithm, a
    # quarter of the 95 % interval each. Seed 3.
    kinetics = json.loads((finished.root / "kinetics.json").read_text(encoding="utf-8"))
    assert kinetics["determined"], kinetics["reason"]
    for key in ("k_AB_per_ps", "k_BA_per_ps"):
        rate = kinetics[key]
        width = np.log(rate["high"] / rate["low"]) / 3.92
        assert abs(np.log(rate["value"] / 4.84e-3)) < 4 * width, key
    low, high = (kinetics["delta_F_kJ_per_mol"][end] for end in ("low", "high"))
    assert low < high
    assert kinetics["mean_path_duration_ps"]["value"] == pytest.approx(1.194, abs=0.15)
    assert (
        json.loads((finished.root / "summary.json").read_text(encoding="utf-8"))["kinetics"]
        == kinetics
    )


def test_weighted_frames_are_an_equilibrium_ensemble(finished):
    # Of a symmetric well each half holds half of the weight; the two halves go with the odds of the
    # free energy difference, whose interval is known.
    layout = Layout(finished.root)
    weights = read_table(layout.equilibrium_weights, ["weight"])["weight"]
    x = read_frames(layout.equilibrium_frames, 1)[:, 0, 0]
    assert len(x) == len(weights)
    assert weights.sum() == pytest.approx(1)
    spread = json.loads(layout.kinetics.read_text(encoding="utf-8"))["delta_F_kJ_per_mol"]
    error = (spread["high"] - spread["low"]) / 3.92
    odds = np.log(weights[x > 0].sum() / weights[x < 0].sum())
    assert abs(odds) < 4 * error
    # The density of the barrier top relative to the bottom, exp(-5) at kT = 1: within a factor 2.
    top = weights[np.abs(x) < 0.1].sum() / weights[np.abs(np.abs(x) - 1) < 0.1].sum() * 2
    assert np.exp(-5) / 2 < top < np.exp(-5) * 2


def test_every_job_says_where_its_time_went(finished):
    folder = finished.root / "benchmarks"
    names = {path.stem for path in folder.glob("*.tsv")}
    assert names == {path.stem for path in folder.glob("*.json")}
    for name in names:
        times = read_json(folder / f"{name}.json")
        spent = {kind: clock["seconds"] for kind, clock in times["kinds"].items()}
        assert times["start_up"] > 0, name
        inside = spent["shooting"] + spent["training"] + spent["formula search"]
        assert times["start_up"] + inside < times["seconds"], name
        assert spent["MD"] <= spent["shooting"], name
        stage = name.split("_")[0].removesuffix("-network").removesuffix("-formula")
        shooting = stage in ("initial", "shoot", "committor-shots", "equilibrium", "excursions")
        assert (spent["MD"] > 0) == shooting, name
        assert (spent["training"] > 0) == (stage in ("learn", "windows", "relevance")), name
        assert (spent["formula search"] > 0) == (stage == "distil"), name


def test_the_report_says_where_the_time_of_the_run_went(finished):
    summary = json.loads((finished.root / "summary.json").read_text(encoding="utf-8"))
    spent = summary["time"]
    cores, wall = spent.pop("cores"), spent.pop("wall_seconds")
    assert cores == 2
    assert sum(spent.values()) == pytest.approx(cores * wall)
    assert 0 < summary["work_share"] < summary["work_wall_share"] < 1
    assert "<caption>Core time: " in (finished.root / "report.html").read_text(encoding="utf-8")


def test_a_second_run_has_nothing_to_do(finished):
    assert finished.planned() == set()
    # Neither the number of cores nor the time of day is a reason to make the report anew.
    done = finished.snakemake("--dry-run", "--cores", "1")
    assert "Nothing to be done" in done.stdout + done.stderr


def test_thresholds_make_more_rounds_and_fewer(tmp_path):
    run = Run(tmp_path)
    run.complete()
    assert run.rounds() == 2
    # Tightened: one more round is made, older ones stay, everything after them is made anew.
    first = (run.root / "rounds" / "000" / "manifest.json").read_bytes()
    run.configure(convergence={"min_rounds": 3})
    assert {"assess"} <= run.planned()
    assert "initial" not in run.planned()
    run.complete()
    assert run.rounds() == 3
    summary = json.loads((run.root / "summary.json").read_text(encoding="utf-8"))
    assert summary["rounds"] == 3
    assert (run.root / "rounds" / "000" / "manifest.json").read_bytes() == first
    assert run.planned() == set()
    # Loosened: back to two rounds, without a shot.
    run.configure(convergence={"min_rounds": 2})
    assert "shoot" not in run.planned()
    run.complete()
    assert json.loads((run.root / "summary.json").read_text(encoding="utf-8"))["rounds"] == 2
    assert run.planned() == set()


def test_a_changed_key_touches_only_what_depends_on_it(finished):
    try:
        finished.configure(formula={"max_nodes": 9})
        # The formula's own points are new; those of the network stand, and shots from them.
        own = {"points", "committor_shots", "validate", "report", "seal"}
        assert finished.planned() == {"distil", *own}
        assert any("validation/formula/points.trr" in name for name in finished.planned_files())
        assert not any("validation/network/" in name for name in finished.planned_files())
        # A larger budget is said by the test for convergence; nothing is sampled or learned anew.
        finished.configure(sampling={"rounds_max": 5})
        assert not finished.planned() & {"prepare", "initial", "shoot", "learn"}
        finished.configure(validation={"shots": 12})
        assert finished.planned() == {"committor_shots", "validate", "report", "seal"}
        finished.configure(kinetics={"bootstrap": 41})
        assert finished.planned() == {"kinetics", "report", "seal"}
        finished.configure(kinetics={"shots": 3300})
        assert finished.planned() == {"excursions", "kinetics", "report", "seal"}
    finally:
        finished.configure()


def test_editing_a_descriptor_reruns_what_depends_on_it_and_nothing_else(tmp_path):
    import shutil

    from tests.workflow.conftest import REPOSITORY

    system = tmp_path / "systems" / "double_well"
    shutil.copytree(REPOSITORY / "systems" / "double_well", system)
    text = (system / "system.yaml").read_text(encoding="utf-8")
    extra = text.replace("  x: {coordinate: 0}", "  x: {coordinate: 0}\n  y: {coordinate: 1}")
    (system / "system.yaml").write_text(
        extra.replace("inputs: [x]", "inputs: [x, y]"), encoding="utf-8"
    )
    run = Run(tmp_path)
    run.complete()
    # An input only: the system, the first path and the uniform first round stand.
    edited = (
        (system / "system.yaml")
        .read_text(encoding="utf-8")
        .replace("y: {coordinate: 1}", "y: {coordinate: 2}")
    )
    (system / "system.yaml").write_text(edited, encoding="utf-8")
    planned = run.planned()
    assert "describe" in planned
    # Runs in the states know nothing of inputs either.
    assert not planned & {"prepare", "initial", "equilibrium"}
    before = (run.root / "rounds" / "000" / "worker_000" / "shots.parquet").stat().st_mtime_ns
    model = (run.root / "rounds" / "000" / "model.json").read_text(encoding="utf-8")
    run.complete()
    assert (
        run.root / "rounds" / "000" / "worker_000" / "shots.parquet"
    ).stat().st_mtime_ns == before
    assert (run.root / "rounds" / "000" / "model.json").read_text(encoding="utf-8") != model
    assert run.planned() == set()
