"""Options of ``mechanist new`` about MD, from text."""

import re

from mechanist.errors import SettingsError
from mechanist.settings.units import to_unit
from mechanist.starts.basin_md import RunLength
from mechanist.starts.explore import Exploration

PAIR = re.compile(r"\s*(\d{1,4})\s*,\s*(\d{1,4})\s*")


def quantity(option: str, text: str, unit: str) -> float:
    """A quantity such as ``1nm`` or ``1 nm`` in a unit.

    Raises
    ------
    SettingsError
        Naming the option.
    """
    try:
        return to_unit(re.sub(r"(?<=[\d.])(?=[A-Za-z])", " ", text.strip(), count=1), unit)
    except ValueError as error:
        raise SettingsError("new", f"{option}: {text!r}: {error}") from None


def exploration_of(explore: bool, states: str | None, temperature: str) -> Exploration | None:
    """The exploration that was asked for.

    Raises
    ------
    SettingsError
        If --states is no pair, or stands without --explore.
    """
    if not explore:
        if states is not None:
            raise SettingsError("new", "--states: numbers of basins; give --explore, too")
        return None
    kelvin = quantity("--explore-temperature", temperature, "K")
    if not 50 <= kelvin <= 3000:
        raise SettingsError(
            "new", f"--explore-temperature: {temperature!r}: must be from 50 K to 3000 K"
        )
    if states is None:
        return Exploration(kelvin)
    found = PAIR.fullmatch(states)
    if found is None or found[1] == found[2]:
        raise SettingsError("new", f"--states: {states!r}: must be two numbers such as 1,3")
    return Exploration(kelvin, (int(found[1]), int(found[2])))


def length_of(md: str | None) -> RunLength | None:
    """The MD that was asked for; None: by the cost of a step.

    Raises
    ------
    SettingsError
        If it is too short to show a basin.
    """
    if md is None:
        return None
    sampled = quantity("--md", md, "ps")
    if not 0.5 <= sampled <= 100_000:
        raise SettingsError("new", f"--md: {md!r}: must be from 0.5 ps to 100 ns")
    return RunLength(4, min(1.0, sampled / 4), sampled)
