"""What a run could not do with the data that it has, and what to set."""

from mechanist.analysis.validation.points import FORMULA, NETWORK
from mechanist.bookkeeping.files import read_json
from mechanist.report.data import ReportData


def incomplete(data: ReportData) -> list[str]:
    """One sentence for each stage that had nothing to work on; empty for a complete run."""
    found = []
    if data.last.get("sampling_only"):
        found.append("no formula, no validation and no rates, since the run ended early")
    elif data.last.get("ended"):
        found.append("more rounds of shots, since the run ended early")
    if data.verdict is not None and not data.verdict["points"]:
        reasons = [_fewer(data, by) for by in (NETWORK, FORMULA)]
        found.append(next(filter(None, reasons), str(data.verdict["text"])))
    kinetics = data.kinetics or {}
    if data.kinetics is not None and kinetics.get("mean_path_duration_ps") is None:
        found.append(
            "no transition path counts: chains must outlast their burn-in (sampling.burn_in,"
            " sampling.first_round, sampling.rounds_max)"
        )
    if kinetics.get("excursions") == {}:
        found.append(f"no rates: {kinetics['reason']}")
    return found


def _fewer(data: ReportData, by: str) -> str:
    """What the stage ``points`` said about too few frames."""
    file = data.layout.fresh(by).predictions
    content = read_json(file) if file.is_file() else {}
    return str(content.get("fewer", "")) if isinstance(content, dict) else ""
