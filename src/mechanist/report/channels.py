"""Channels of a run as rows of a table and as sentences."""

from typing import Any

from mechanist.report.data import ReportData

CHANNEL_HEADER = ("channel", "group", "share", "95 % interval", "from")


def channel_rows(data: ReportData) -> list[list[str]]:
    """One row a group of paths, and one for transitions outside all of them."""
    if data.channels is None:
        return []
    rows = [
        [
            str(group["channel"]),
            str(group["group"]),
            *_share(group),
            group["source"] or "unknown",
        ]
        for group in data.channels["groups"]
    ]
    if data.channels["missing"] is not None:
        rows.append(["not sampled", "-", *_share(data.channels["missing"]), "excursions"])
    return rows


def channel_line(data: ReportData) -> str:
    """What is to be said of the channels in words; empty if there is one group."""
    if data.channels is None:
        return ""
    parts = [data.channels["note"], *data.channels.get("empty", []), *data.channels["problems"]]
    return "; ".join(part for part in parts if part)


def _share(found: dict[str, Any]) -> tuple[str, str]:
    if found["share"] is None:
        return "-", "-"
    interval = "-" if found["low"] is None else f"{found['low']:.3f}-{found['high']:.3f}"
    return f"{found['share']:.3f}", interval
