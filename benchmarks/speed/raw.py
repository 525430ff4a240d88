"""Plain MD: one context, one thread, many steps a call, no frames."""

import sys
import time
from typing import Any

import openmm

from benchmarks.speed.child import serve
from benchmarks.speed.plain import open_context

STEPS = 1000


def usable(folder: str, names: list[str]) -> dict[str, Any]:
    """Contexts on the platforms that can move the system, after a warm-up."""
    contexts = {}
    for name in names:
        try:
            contexts[name] = open_context(folder, name, 1)[0]
            contexts[name].getIntegrator().step(100)
        except openmm.OpenMMException:
            contexts.pop(name, None)
    return contexts


def run(context: Any, seconds: float) -> int:
    """Step for ``seconds``; give the steps. Positions are asked for so that a GPU has to finish."""
    steps, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        context.getIntegrator().step(STEPS)
        context.getState(positions=True)
        steps += STEPS
    return steps


def fastest(contexts: dict[str, Any], seconds: float = 0.3) -> str:
    """Name of the platform that is fastest."""

    def rate(name: str) -> float:
        begin = time.perf_counter()
        return run(contexts[name], seconds) / (time.perf_counter() - begin)

    return max(contexts, key=rate)


def prepare(job: dict[str, Any]) -> dict[str, Any]:
    """Open all platforms and keep the fastest, or open the one that is named."""
    count = openmm.Platform.getNumPlatforms()
    names = [openmm.Platform.getPlatform(i).getName() for i in range(count)]
    wanted = job.get("platform", "auto")
    contexts = usable(job["folder"], names if wanted == "auto" else [wanted])
    if not contexts:
        sys.exit(f"no platform of {names} can move the system")
    name = fastest(contexts)
    return {"context": contexts[name], "platform": name, "seconds": job["seconds"]}


def work(state: dict[str, Any]) -> dict[str, Any]:
    """Step for the time that the job asks for."""
    steps = run(state["context"], state["seconds"])
    return {"steps": steps, "platform": state["platform"]}


if __name__ == "__main__":
    serve(prepare, work, dict)
