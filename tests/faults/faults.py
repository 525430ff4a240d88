"""Each fault as a function that injects it so many times at random, seeded moments."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.faults.bench import STAGES, VICTIMS, Bench, Tally, finish, program, results, run, start

Inject = Callable[[Bench, np.random.Generator, int], Tally]


def at_work(bench: Bench, rng: np.random.Generator) -> tuple[str, Path, float]:
    """A stage, a copy of the run without what it makes, and a moment in s after its start."""
    stage = str(rng.choice(VICTIMS))
    work = bench.copy()
    bench.without(work, stage)
    return stage, work, float(rng.uniform(0.15, 0.95) * bench.seconds[stage])


def signalled(number: int) -> Inject:
    """A stage that gets a signal, and is run again."""

    def inject(bench: Bench, rng: np.random.Generator, times: int) -> Tally:
        tally = Tally()
        for _ in range(times):
            stage, work, moment = at_work(bench, rng)
            process = start([program(), *stage.split()], work)
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, number)
            done = finish(process)
            if done.returncode == 0:
                bench.judge(tally, work, stage, done)
                continue
            bench.again(tally, work, stage)
            tally.right += 1
        return tally

    return inject


def hanging(bench: Bench, rng: np.random.Generator, times: int) -> Tally:
    """SIGSTOP at work: half go on later, half are killed by a time limit and run again."""
    tally = Tally()
    for i in range(times):
        stage, work, moment = at_work(bench, rng)
        process = start([program(), *stage.split()], work)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGSTOP)
            time.sleep(0.3)
            os.killpg(process.pid, signal.SIGKILL if i % 2 else signal.SIGCONT)
        done = finish(process)
        if done.returncode >= 0:
            bench.judge(tally, work, stage, done)
        else:
            bench.again(tally, work, stage)
            tally.right += 1
    return tally


class Disk:
    """A small tmpfs; needs the rights of root."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __enter__(self) -> "Disk":
        self.place.mkdir(parents=True, exist_ok=True)
        mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", str(self.place))
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "-l", str(self.place)], check=True)

    def change(self, options: str) -> bool:
        """Mount it anew with other options; False if a file is being written."""
        done = subprocess.run(
            ["mount", "-o", f"remount,{options}", str(self.place)], capture_output=True, check=False
        )
        return done.returncode == 0


def mount(*arguments: str) -> None:
    """Call mount."""
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def full_disk(bench: Bench, rng: np.random.Generator, times: int) -> Tally:
    """A disk on which a random part of what the stage writes has room."""
    tally = Tally()
    for _ in range(times):
        stage = str(rng.choice(list(STAGES)))
        with Disk(bench.folder / "disk") as disk:
            work = bench.copy(disk.place / "work")
            sizes = [(results(work) / name).stat().st_size for name in STAGES[stage]]
            bench.without(work, stage)
            pages = rng.integers(0, 1 + sum(-(-size // 4096) for size in sizes) + len(sizes))
            used = shutil.disk_usage(disk.place).used
            # Whole pages of a tmpfs; the filler takes what is left of the last one.
            disk.change(f"size={used + 4096 * int(pages)}")
            done = run(stage, work)
            bench.judge(tally, work, stage, done)
            disk.change("size=64m")
            if done.returncode != 0:
                bench.again(tally, work, stage)
    return tally


def read_only(bench: Bench, rng: np.random.Generator, times: int) -> Tally:
    """Results that become read-only before a stage or while it works."""
    tally = Tally()
    for _ in range(times):
        with Disk(bench.folder / "disk") as disk:
            stage = str(rng.choice(VICTIMS))
            work = bench.copy(disk.place / "work")
            bench.without(work, stage)
            process = start([program(), *stage.split()], work)
            try:
                process.wait(float(rng.uniform(0, 0.9) * bench.seconds[stage]))
            except subprocess.TimeoutExpired:
                disk.change("ro")
            done = finish(process)
            bench.judge(tally, work, stage, done)
            disk.change("rw")
            if done.returncode != 0:
                bench.again(tally, work, stage)
    return tally


def no_number(bench: Bench, rng: np.random.Generator, times: int) -> Tally:
    """A potential without a value beyond a wall, which lies somewhere between -0.8 and 2 nm.

    Right: no position is NaN, none of a new path lies beyond the wall, and a shot whose half has
    exploded is not accepted.
    """
    from mechanist.bookkeeping.layout import Layout
    from mechanist.sampling.records.tables import (
        PATH_COLUMNS,
        SHOT_COLUMNS,
        read_frames,
        read_table,
    )

    tally = Tally()
    stage = "shoot --round 0 --worker 0"
    for _ in range(times):
        work = bench.copy()
        bench.without(work, stage)
        wall = float(rng.uniform(-0.8, 2.0))
        file = results(work) / "system" / "system.xml"
        text = file.read_text(encoding="utf-8")
        old = "5*(x^2-1)^2"
        assert old in text
        file.with_name(".system.xml.sha256").unlink()
        file.write_text(text.replace(old, f"{old}+1e-9*sqrt({wall:.4f}-x)"), encoding="utf-8")
        done = run(stage, work)
        if done.returncode != 0:
            bench.judge(tally, work, stage, done)
            continue
        files = Layout(results(work)).round(0).worker(0)
        shots = read_table(files.shots, SHOT_COLUMNS)
        index = read_table(files.index, PATH_COLUMNS)
        frames = read_frames(files.paths, 1)[:, 0, 0]
        new = np.repeat(index["move"] >= 0, index["frames"])
        ends = np.array([shots["end_backward"], shots["end_forward"]])
        good = not (shots["accepted"] & (ends == "exploded").any(axis=0)).any()
        # The end of a path may lie beyond the wall: it is looked at, not moved on from.
        inner = new.copy()
        inner[np.cumsum(index["frames"]) - 1] = False
        good &= bool((frames[inner] < wall).all())
        tally.right += good
        tally.wrong += not good
    return tally


def lost_device(bench: Bench, rng: np.random.Generator, times: int) -> Tally:
    """OpenMM reports a CUDA error after a random number of strides."""
    tally = Tally()
    script = str(Path(__file__).with_name("dying.py"))
    for _ in range(times):
        stage = str(rng.choice([v for v in VICTIMS if not v.startswith("learn")]))
        work = bench.copy()
        bench.without(work, stage)
        calls = str(int(10 ** rng.uniform(0, 3.5)))
        done = finish(start([sys.executable, script, calls, *stage.split()], work))
        bench.judge(tally, work, stage, done)
        if done.returncode != 0:
            bench.again(tally, work, stage)
    return tally


def twice(bench: Bench, rng: np.random.Generator, times: int) -> Tally:
    """The same stage by hand two times at once, some time apart."""
    tally = Tally()
    for _ in range(times):
        stage, work, moment = at_work(bench, rng)
        first = start([program(), *stage.split()], work)
        time.sleep(0.2 * moment)
        both = [finish(p) for p in (first, start([program(), *stage.split()], work))]
        worst = max(both, key=lambda done: done.returncode != 0)
        bench.judge(tally, work, stage, worst)
        if worst.returncode != 0:
            bench.again(tally, work, stage)
    return tally


def locked(bench: Bench, rng: np.random.Generator, times: int) -> Tally:
    """Snakemake started a second time while the first one works; it must say so and do nothing."""
    from tests.workflow.conftest import Run

    tally = Tally()
    place = bench.folder / "locked"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    both = Run(place)
    target = "results/double_well/initial/paths.trr"
    first = start(both.command(target), place)
    while not list(place.glob(".snakemake/locks/*")) and first.poll() is None:
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGSTOP)
    for _ in range(times):
        second = both.snakemake(target)
        said = second.stdout + second.stderr
        clear = second.returncode != 0 and "cannot be locked" in said and "Traceback" not in said
        tally.refused += clear
        if not clear:
            tally.unclear.append(said[-500:])
    os.killpg(first.pid, signal.SIGCONT)
    done = finish(first)
    tally.repaired += times * (done.returncode == 0 and (place / target).is_file())
    return tally


def clock(bench: Bench, rng: np.random.Generator, times: int) -> Tally:
    """A clock that is years off, or runs up to a thousand times too fast."""
    tally = Tally()
    if shutil.which("faketime") is None:
        tally.unclear.append("faketime is not installed")
        return tally
    for i in range(times):
        stage, work, _ = at_work(bench, rng)
        days = int(rng.integers(-3650, 3650))
        fast = f" x{10 ** rng.uniform(0, 3):.0f}" if i % 2 else ""
        more = {"FAKETIME_DONT_FAKE_MONOTONIC": "1"} if i % 4 < 2 else {}
        done = run(stage, work, ["faketime", "-f", f"{days:+d}d{fast}"], more)
        bench.judge(tally, work, stage, done)
        if done.returncode != 0:
            bench.again(tally, work, stage)
    return tally


def damage(path: Path, rng: np.random.Generator, cut: bool) -> None:
    """Flip one bit of a file, or cut it anywhere; its time stays as it was."""
    times = path.stat()
    content = bytearray(path.read_bytes())
    place = int(rng.integers(len(content)))
    if cut:
        content = content[:place]
    else:
        content[place] ^= 1 << int(rng.integers(8))
    path.write_bytes(bytes(content))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def damaged(cut: bool) -> Inject:
    """Any file of the results that a later stage may read, flipped or cut."""

    def inject(bench: Bench, rng: np.random.Generator, times: int) -> Tally:
        tally = Tally()
        stages = list(STAGES)
        for _ in range(times):
            work = bench.copy()
            files = [
                path
                for path in sorted(results(work).rglob("*"))
                if path.is_file() and path.stat().st_size
            ]
            damage(files[int(rng.integers(len(files)))], rng, cut)
            stage = stages[int(rng.integers(2, len(stages)))]
            # What the stage makes is made anew; all else is as the fault has left it.
            bench.without(work, stage)
            bench.judge(tally, work, stage, run(stage, work))
        return tally

    return inject


FAULTS: dict[str, Inject] = {
    "kill -9": signalled(signal.SIGKILL),
    "SIGTERM": signalled(signal.SIGTERM),
    "full disk": full_disk,
    "read-only results": read_only,
    "NaN in dynamics": no_number,
    "GPU that disappears": lost_device,
    "worker that does not respond": hanging,
    "two runs, one stage": twice,
    "two runs, Snakemake": locked,
    "clock that jumps": clock,
    "bit flipped": damaged(cut=False),
    "file cut short": damaged(cut=True),
}
