"""`mechanist run`: Snakemake as a process, with plain lines or bars."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from mechanist.bookkeeping.home import HOME, suggestion
from mechanist.bookkeeping.layout import Layout
from mechanist.cli.stale_lock import holders, is_locked, is_stale, own
from mechanist.errors import SettingsError
from mechanist.settings.config import Config
from mechanist.settings.load import find_system, load_system, read_yaml, validate
from mechanist.settings.yaml_text import parse_yaml

CONFIG = Path("config.yaml")


@dataclass(frozen=True)
class Launch:
    """What Snakemake is started with.

    Parameters
    ----------
    cores
        A number, or ``all``.
    profile
        Name of a folder below profiles/, here or as installed; None for the default.
    changes
        Top-level settings that differ from config.yaml.
    arguments
        Further arguments.
    """

    cores: str
    profile: str | None
    changes: dict[str, Any]
    arguments: Sequence[str]

    def command(self) -> list[str]:
        """Command line.

        Raises
        ------
        SettingsError
            If there is no such profile.
        """
        own = Path("Snakefile")
        snakefile = own if own.is_file() else HOME / "Snakefile"
        words = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile)]
        words += ["--cores", self.cores]
        if not CONFIG.is_file():
            words += ["--configfile", str(HOME / CONFIG)]
        if self.profile is not None:
            words += ["--workflow-profile", str(_profile(self.profile))]
        if self.changes:
            words += [
                "--config",
                *(f"{key}={json.dumps(value)}" for key, value in self.changes.items()),
            ]
        return [*words, *self.arguments]


def _profile(name: str) -> Path:
    roots = (Path(), HOME)
    for root in roots:
        if (root / "profiles" / name / "config.yaml").is_file():
            return root / "profiles" / name
    if (Path(name) / "config.yaml").is_file():
        return Path(name)
    known = {file.parent.name for root in roots for file in root.glob("profiles/*/config.yaml")}
    raise SettingsError(
        "--profile", f"{name!r}: there is no such profile; {suggestion(name, known)}"
    )


def settings_of(name: str | None, changes: Sequence[str]) -> tuple[Config, dict[str, Any]]:
    """Settings of a run, checked with those of its system, and what differs from config.yaml.

    Parameters
    ----------
    name
        Another system, or None.
    changes
        Such as ``sampling.workers=8``.

    Raises
    ------
    SettingsError
        In one line with file, key and value.
    """
    plain = read_yaml(CONFIG) if CONFIG.is_file() else {}
    changed: dict[str, Any] = {}
    if name is not None and name != plain.get("system"):
        changed["system"] = name
        if "results" in plain:
            # The folder of the settings is that of another system.
            changed["results"] = None
    changed |= changed_settings(changes, plain | changed)
    # In config.yaml itself a fault has a line; in changes it has the option.
    if CONFIG.is_file():
        validate(Config, plain, CONFIG)
    settings = validate(Config, {**plain, **changed}, "--set" if changed else CONFIG)
    load_system(find_system(settings.system, Path.cwd(), HOME))
    return settings, changed


def changed_settings(
    changes: Sequence[str], plain: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Top-level settings that are changed, such as by ``sampling.workers=8``; ``plain`` are others.

    Raises
    ------
    SettingsError
        If a change has another form.
    """
    changed: dict[str, Any] = {}
    for text in changes:
        key, equals, value = text.partition("=")
        section, _, inner = key.partition(".")
        if not (equals and section):
            raise SettingsError("--set", f"{text!r}: such as seed=2 or sampling.workers=8")
        try:
            read = parse_yaml(value)
        except ValueError as error:
            raise SettingsError("--set", f"{text!r}: not valid YAML: {error}") from None
        if inner:
            old = changed.get(section, (plain or {}).get(section)) or {}
            read = {**old, inner: read} if isinstance(old, dict) else {inner: read}
        changed[section] = read
    return changed


def launch(started: Launch, settings: Config, bars: bool) -> int:
    """Run Snakemake to its end, and show the summary of a finished run; its exit code."""
    command = started.command()
    quiet = set(started.arguments) & {"--dry-run", "--unlock"}
    if not quiet:
        _take_lock(command)
    if bars:
        from mechanist.cli.live import follow

        with child(command, stderr=subprocess.STDOUT, stdout=subprocess.PIPE) as process:
            follow(process, settings)
    else:
        with child(command) as process:
            process.wait()
    layout = Layout(settings.folder)
    if process.returncode in (0, 3) and not quiet and layout.summary_text.is_file():
        print(layout.summary_text.read_text(encoding="utf-8"))
        print(f"report: {layout.report}")
    return process.returncode


def _take_lock(command: list[str]) -> None:
    """Release the lock of this folder if its run was killed; say who is still at work in it."""
    here = Path.cwd()
    if living := holders(here):
        told = ", ".join(living)
        print(f"still at work in this folder: {told}; wait, or end it", file=sys.stderr)
    elif is_stale(here):
        print("the last run was killed: its lock is released and its work goes on", file=sys.stderr)
        with child([*command, "--unlock"], stderr=subprocess.DEVNULL) as process:
            process.wait()
    if not is_locked(here):
        own(here)


@contextmanager
def child(command: list[str], **pipes: Any) -> Iterator["subprocess.Popen[str]"]:
    """A process that gets the signals of this one, and has our programs on its path.

    Ctrl-C reaches it from the terminal; it must end by itself, after its jobs have saved their
    work, and this process waits for that.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    process = subprocess.Popen(
        command, env=os.environ | {"PATH": path}, text=True, encoding="utf-8", **pipes
    )

    def pass_on(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)

    handlers: dict[int, Callable[[int, FrameType | None], None] | int] = {
        signal.SIGTERM: pass_on,
        signal.SIGINT: signal.SIG_IGN,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield process
        process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
