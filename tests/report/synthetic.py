"""Results folders with plausible numbers, written by the writers of a real run.

The molecule is a chain of six atoms whose three torsions are theta, phi and psi; the potential is a
particle on a line. Shots follow a known committor, so that figures have something to agree on.
"""

import csv
from dataclasses import asdict, replace

import numpy as np

from mechanist.analysis.convergence.chains import (
    chain_series,
    crossing_frames,
    principal_components,
)
from mechanist.analysis.convergence.counts import count_shots
from mechanist.analysis.convergence.criteria import AssessmentInputs, apply_criteria
from mechanist.analysis.convergence.inertia import TransitionCheck
from mechanist.analysis.validation.verdict import judge, validation_columns
from mechanist.bookkeeping.files import write_json, write_text
from mechanist.bookkeeping.journal import KINDS, MD, SEARCH, SHOOTING, TRAINING
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.calibration import CalibrationTest
from mechanist.committor.likelihood import LossChange
from mechanist.committor.network import Committor, save
from mechanist.committor.uncertainty import ErrorScale
from mechanist.formula.result import Constant, Distillation, Formula
from mechanist.formula.store import write_formulas
from mechanist.report.report import write_report
from mechanist.report.times import Session
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    PathTable,
    write_frames,
    write_table,
)
from mechanist.settings.config import Config
from mechanist.settings.convergence import ConvergenceSettings
from mechanist.settings.run import SamplingSettings
from tests.report.kinds import TOY


def chain_of_six(theta, phi, psi, angle):
    """Positions (F, 6, 3) in nm with these torsions and this angle C-N-CA."""
    frames = np.zeros((len(theta), 6, 3))
    frames[:, 1, 0] = 0.123
    frames[:, 2] = frames[:, 1] + 0.134 * np.array([0.5, 0.87, 0.0])
    torsions = (theta, phi, psi)
    angles = (angle, np.full(len(theta), 1.94), np.full(len(theta), 2.03))
    for i, (torsion, bend) in enumerate(zip(torsions, angles, strict=True)):
        a, b, c = frames[:, i], frames[:, i + 1], frames[:, i + 2]
        along = (c - b) / np.linalg.norm(c - b, axis=1, keepdims=True)
        normal = np.cross(b - a, along)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        third = np.cross(normal, along)
        frames[:, i + 3] = c + 0.15 * (
            -np.cos(bend)[:, None] * along
            + (np.sin(bend) * np.cos(torsion))[:, None] * third
            + (np.sin(bend) * np.sin(torsion))[:, None] * normal
        )
    return frames


def one_path(kind, rng):
    """Frames of one path from A to B."""
    size = int(np.clip(rng.gamma(8, 2.0), 6, 60))
    s = np.clip(np.linspace(0, 1, size) + 0.06 * rng.normal(size=size), 0.03, 0.97)
    s[[0, -1]] = 0, 1
    if kind is TOY:
        x = -0.7 + 1.4 * s
        return np.stack([x, np.tanh(2 * x) * 0.5 + 0.1 * rng.normal(size=size), 0 * s], axis=1)[
            :, None, :
        ]
    if kind.atoms == 1:
        return np.stack([-0.85 + 1.7 * s, 0 * s, 0 * s], axis=1)[:, None, :]
    tilt = rng.normal(scale=0.35)
    theta = tilt * (1 - 0.3 * s) + 0.08 * rng.normal(size=size) - 0.1
    phi = np.radians(-62 + 125 * s) - 0.45 * tilt * np.sin(np.pi * s)
    psi = np.radians(70 - 115 * s + 10 * rng.normal(size=size))
    psi[[0, -1]] = np.radians([60, -50])
    phi[[0, -1]] = np.radians([-62, 63])
    return chain_of_six(theta, phi, psi, 2.12 + 0.05 * rng.normal(size=size))


def make_model(kind, rng, noise):
    """An ensemble of five linear members about the true q."""
    members, inputs = 5, len(kind.weights)
    skip = np.array(kind.weights) + noise * rng.normal(size=(members, inputs))
    bias = np.full((members, 1), kind.offset) + noise * rng.normal(size=(members, 1))
    layer = (np.zeros((members, inputs, 1)), bias)
    model = Committor(kind.inputs.feature_names, np.zeros(inputs), np.ones(inputs), (layer,), skip)
    return replace(model, error=ErrorScale(0.1 * noise, 0.05 * noise, 5, 1e-4, 1e-4, 0.5))


def make_paths(kind, rng, rounds, chains, per_chain):
    """Paths of all chains and rounds."""
    frames, rows = [], []
    for number in range(rounds):
        for chain in range(chains):
            for k in range(per_chain):
                path = one_path(kind, rng)
                # Stored from A to B, whichever way it was made.
                rng.random()
                frames.append(path)
                move = number * 100 + 3 * k
                rows.append((number, chain % 2, chain, move, len(path), rng.integers(1, 6)))
    lengths = np.array([row[4] for row in rows])
    names = ("round", "worker", "chain", "move", "frames", "weight")
    index = {name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}
    index["first_frame"] = np.cumsum(lengths) - lengths
    index["length"] = lengths
    index["shooting_frame"] = lengths // 2
    return PathTable(np.concatenate(frames).astype(np.float32), index)


def make_shots(kind, rng, paths, sizes, predict):
    """Shots from path frames; halves end by the true p_B and are somewhat anticorrelated."""
    total = sum(sizes)
    q_true = kind.inputs.features(kind.inputs.values(paths.frames)) @ np.array(kind.weights)
    q_true = q_true + kind.offset
    weight = 1 / (1 + q_true**2)
    rows = rng.choice(len(q_true), size=total, p=weight / weight.sum())
    p = 1 / (1 + np.exp(-q_true[rows]))
    draw = rng.random((total, 2))
    mirrored = rng.random(total) < 0.25
    draw[mirrored, 1] = 1 - draw[mirrored, 0]
    ends = np.where(draw < p[:, None], "B", "A").astype(object)
    ends[rng.random(total) < 0.002, 0] = "too_long"
    joins = ((ends[:, 0] == "A") & (ends[:, 1] == "B")) | (
        (ends[:, 0] == "B") & (ends[:, 1] == "A")
    )
    number = np.repeat(np.arange(len(sizes)), sizes)
    accepted = joins & (rng.random(total) < 0.75)
    predicted = 1 / (1 + np.exp(-(q_true[rows] + 0.15 * rng.normal(size=total))))
    model = np.array([f"{n - 1:03d}" if n else "" for n in number], dtype=object)
    return {
        "round": number,
        "worker": rng.integers(0, 2, total),
        "chain": rng.integers(0, 8, total),
        "move": np.arange(total),
        "seed": rng.integers(0, 2**31, total),
        "model": model,
        "p_predicted": np.where((number > 0) & predict, predicted, np.nan),
        "end_backward": ends[:, 0],
        "end_forward": ends[:, 1],
        "steps_backward": rng.integers(20, 200, total),
        "steps_forward": rng.integers(20, 200, total),
        "watched": np.zeros(total, dtype=bool),
        "seen_backward": np.ones(total),
        "seen_forward": np.ones(total),
        "accepted": accepted,
        "weight": np.where(accepted, 2, 0),
    }


def write_csv(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(header)
        writer.writerows(rows)


def write_system(kind, layout):
    write_json(
        layout.dynamics,
        {
            "name": kind.name,
            "temperature": kind.temperature,
            "kT": 0.0083144626 * kind.temperature,
            "friction": 1.0,
            "timestep": kind.timestep,
            "stride": kind.stride,
            "max_half_frames": 1000,
            "atoms": kind.atoms,
            "start": np.zeros((kind.atoms, 3)).tolist(),
            "states": kind.states.to_json(),
        },
    )
    write_json(layout.inputs, kind.inputs.to_json())
    for file in (layout.topology, layout.paths.folder / "topology.pdb"):
        write_text(file, chain_of_carbons(kind.atoms))


def chain_of_carbons(atoms):
    """A PDB file of atoms C1, C2, ... of residue 1."""
    lines = [
        f"ATOM  {i:5d} C{i:<3d} UNK A   1    {0.1 * i:8.3f}{0:8.3f}{0:8.3f}  1.00  0.00           C"
        for i in range(1, atoms + 1)
    ]
    return "\n".join([*lines, "END", ""])


def write_rounds(kind, layout, rng, shots, paths, rounds, converged):
    """Models and assessments of every round, the last one converged or not."""
    losses = 0.305 + 0.06 * 0.4 ** np.arange(rounds)
    for number in range(rounds):
        model = make_model(kind, rng, 0.4 / (number + 1))
        files = layout.round(number)
        save(model, files.model, files.model_card)
        epochs = np.arange(30)
        write_json(
            files.training,
            {
                "train": (0.29 + 0.3 * np.exp(-epochs / 4)).tolist(),
                "out_of_bag": (0.31 + 0.3 * np.exp(-epochs / 4) + 2e-4 * epochs).tolist(),
                "best_epoch": [17, 18, 20, 16, 19],
            },
        )
        there = shots["round"] <= number
        mine = paths.index["round"] <= number
        features = kind.inputs.features(kind.inputs.values(paths.frames))
        q = model.q(features)
        near = np.abs(q) < 1
        index = {name: column[mine] for name, column in paths.index.items()}
        crossing = principal_components(features[crossing_frames(paths, q)])[mine]
        last = number == rounds - 1
        settings = ConvergenceSettings()
        if converged and last:
            settings = ConvergenceSettings(
                rhat=1.2, independent_paths=100, spread=0.8, heldout_gain=0.01
            )
        inputs = AssessmentInputs(
            round=number,
            counts=count_shots({name: column[there] for name, column in shots.items()}, -0.4),
            heldout_loss=float(losses[number]),
            heldout_loss_se=0.004 / (number + 1) ** 0.5,
            gain=LossChange(float(losses[number - 1] - losses[number]), 4e-4, 1.3)
            if number
            else None,
            calibration=CalibrationTest(
                [1e-9, 2e-3, 0.2, 0.4][min(number, 3)], 0.02, 0.5, 0.01, 9, 0.06
            ),
            spread=model.q_error(features[near]),
            lengths=chain_series(index, index["frames"].astype(float)),
            crossings=chain_series(index, crossing),
            transitions=TransitionCheck(410, 400.0, 40.0, 60.0),
        )
        write_json(files.assessment, apply_criteria(inputs, settings).to_json())


def write_answers(kind, layout, rng):
    """Relevance, formulas, validation, as the later stages write them."""
    names = [d.name for d in kind.inputs.descriptors]
    ranked = ["phi", "theta", *[n for n in names if n not in ("phi", "theta")]]
    ranked = [name for name in ranked if name in names]
    if len(names) > 1:
        ranked += [f"torsion_C{i}_N{i + 1}_CA{i + 1}_CB{i + 1}" for i in range(1, 12)]
    write_csv(
        layout.relevance,
        ("descriptor", "importance", "spread", "marginal"),
        [(n, 0.2 * 0.45**i, 0.02 * 0.7**i, 0.3 * 0.5**i) for i, n in enumerate(ranked)],
    )
    made = make_distillation(kind, ranked)
    write_formulas(made, layout.root, kind.inputs)
    p = rng.uniform(0.02, 0.98, size=120)
    n = rng.integers(58, 61, size=120)
    n_b = rng.binomial(n, p)
    network = np.clip(p + 0.02 * rng.normal(size=120), 0.01, 0.99)
    formula = np.clip(p + 0.06 * rng.normal(size=120), 0.01, 0.99)
    error = np.full(120, 0.025)
    columns = validation_columns(network, error, formula, n, n_b)
    write_csv(layout.validation, tuple(columns), zip(*columns.values(), strict=True))
    own = {**columns, "on_surface": (np.arange(len(n)) % 2)}
    write_csv(layout.validation_formula, tuple(own), zip(*own.values(), strict=True))
    formulas = enumerate(made.pareto_front)
    front = [(f.text, 0.2 / (1 + i), 0.1 / (1 + i), 0.3 / (1 + i)) for i, f in formulas]
    write_csv(layout.front_errors, ("text", "rmse", "low", "high"), front)
    write_json(layout.verdict, asdict(judge(network, error, formula, n, n_b, rng)))


def make_distillation(kind, ranked):
    """A front of seven formulas, the fifth one chosen."""
    constants = (
        Constant("constant term", 0.412, 0.33, 0.50, "1"),
        Constant("factor of sin(phi)", 4.61, 4.43, 4.79, "1"),
        Constant("factor of sin(theta)", -0.0123, -0.0141, -0.0105, "nm^-1"),
        Constant("c3", 812.0, 640.0, 990.0, None),
    )
    front = tuple(
        Formula(
            text=kind.text,
            latex=kind.latex,
            template="c0 + c1*sin(phi)",
            complexity=1 + 4 * i,
            constants=constants,
            descriptors=tuple(ranked[:2]),
            heldout_loss=0.309 + 0.08 * 0.45**i,
            heldout_loss_se=0.003,
            excess_loss=0.08 * 0.45**i,
            excess_loss_se=0.001,
            q_rms=0.5,
            source="operon",
            stands_share=0.9,
            chosen_share=0.8,
            set_share=0.85,
        )
        for i in range(7)
    )
    baselines = {"constant": 0.6895, "best single descriptor (phi)": 0.3612}
    baselines |= {"linear in all 16 inputs": 0.3291}
    reason = "auto: PySR is not installed"
    return Distillation(
        front, front[4], baselines, 0.3081, 0.003, "operon", reason, True, "85 % agree."
    )


SPENT = {
    "shoot": {SHOOTING: 0.8, MD: 0.5},
    "committor-shots": {SHOOTING: 0.6, MD: 0.4},
    "initial": {SHOOTING: 0.7, MD: 0.6},
    "learn": {TRAINING: 0.7},
    "relevance": {TRAINING: 0.5},
    "distil": {SEARCH: 0.5},
}
"""Parts of the wall time of jobs, by stage."""

BEGUN = 1.7e9


def write_times(layout, costs):
    """What jobs say of their time: one after the other, two workers side by side.

    A tenth of each job is start-up. The search has two threads, which are busy for 0.8 of its time.
    """
    begun = ended = BEGUN
    for name, wall in costs.items():
        stage = name.split("_")[0]
        begun = begun if name.endswith("_001") and stage in ("shoot", "committor-shots") else ended
        ended = max(ended, begun + wall)
        spent = {kind: SPENT.get(stage, {}).get(kind, 0.0) * wall for kind in KINDS[:-1]}
        threads = 2 if stage == "distil" else 1
        kinds = {
            kind: {"seconds": seconds, "cpu_seconds": 0.8 * threads * seconds}
            for kind, seconds in spent.items()
        }
        working = spent[SHOOTING] + spent[TRAINING] + spent[SEARCH]
        content = {
            "begun": begun,
            "seconds": 0.98 * wall,
            "cpu_seconds": 0.93 * wall,
            "start_up": 0.1 * wall,
            "kinds": kinds,
            "spans": [[begun + 0.1 * wall, begun + 0.1 * wall + working]] if working else [],
            "threads": threads,
        }
        write_json(layout.times(name), content)


def write_benchmarks(layout, rounds, times):
    header = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    costs = {"prepare": 2.1, "initial": 9.5}
    for number in range(rounds):
        costs |= {f"shoot_{number:03d}_{worker:03d}": 6.0 * 2**number for worker in range(2)}
        costs |= {f"learn_{number:03d}": 4.0 * 2**number, f"assess_{number:03d}": 1.5}
    costs |= {
        "relevance": 5.0,
        "distil": 44.0,
        "committor-shots_000": 3.0,
        "committor-shots_001": 4.0,
    }
    costs |= {"validate": 6.0}
    for name, seconds in costs.items():
        row = f"{seconds}\t0:00:09\t512.3\t9\t9\t9\t-\t0\t95.0\t{0.93 * seconds:.2f}\n"
        write_text(layout.benchmarks / f"{name}.tsv", header + row)
    if times:
        write_times(layout, costs)
    write_text(layout.benchmarks / "report.tsv", header + "0.2\t0:00:00\t" + "NA\t" * 7 + "NA\n")


def make_run(
    root, kind, *, converged=True, answers=True, rounds=4, seed=1, predict=True, times=True
):
    """Write a results folder; gives its layout. Without ``times`` it is one of an older version."""
    rng = np.random.default_rng(seed)
    layout = Layout(root)
    write_system(kind, layout)
    paths = make_paths(kind, rng, rounds, chains=8, per_chain=12)
    shots = make_shots(kind, rng, paths, [1000 * 2**i for i in range(rounds)], predict)
    write_table(layout.shots, shots, SHOT_COLUMNS)
    write_frames(layout.paths.paths, [paths.frames])
    write_table(layout.paths.index, paths.index, PATH_COLUMNS)
    write_rounds(kind, layout, rng, shots, paths, rounds, converged)
    save(make_model(kind, rng, 0.15), layout.committor.model, layout.committor.model_card)
    if answers:
        write_answers(kind, layout, rng)
        write_benchmarks(layout, rounds, times)
    return layout


def write_all(layout, last=None, seed=1, rounds_max=8, session=None):
    """Summary and report, as the stage makes them."""
    config = Config(seed=seed, sampling=SamplingSettings(rounds_max=rounds_max))
    last = layout.rounds()[-1] if last is None else last
    write_report(layout, config, last, Session() if session is None else session)
    return layout
