"""YAML as plain data, within bounds: a short text can ask for more than a machine has.

Object tags are refused by PyYAML's safe loader. A value that is used again by its anchor counts
anew each time, so that references to references (the "billion laughs") end early.
"""

from typing import Any

MAX_BYTES = 2**20
"""Of a settings file; those that ship are below 10 kB."""

MAX_DEPTH = 40
MAX_VALUES = 50_000


def parse_yaml(text: str) -> Any:
    """Plain data of YAML text.

    Raises
    ------
    ValueError
        If it is not YAML, nested too deeply or too large, or holds a tag of an object.
    """
    import yaml

    try:
        _measure(text)
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    except (AttributeError, TypeError, KeyError, IndexError, ArithmeticError) as error:
        # What PyYAML itself trips over, such as '!!timestamp x'.
        raise ValueError(f"a value cannot be read ({error})") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _measure(text: str) -> None:
    """Refuse what is nested too deeply or unfolds to too many values; nothing is built yet."""
    import yaml

    sizes: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = []
    count = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise ValueError(f"*{event.anchor} stands for nothing that is complete")
            count += sizes[event.anchor]
        elif isinstance(event, yaml.ScalarEvent):
            count += 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            count += 1
            open_.append((event.anchor, count))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_.pop()
            if anchor is not None:
                sizes[anchor] = count - before + 1
        if len(open_) > MAX_DEPTH:
            raise ValueError(f"nested more than {MAX_DEPTH} deep")
        if count > MAX_VALUES:
            raise ValueError(f"unfolds to more than {MAX_VALUES:,} values")
