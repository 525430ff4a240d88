"""YAML as plain data, within limits, with line numbers, and without duplicate keys.

PyYAML's safe loader refuses object tags. An alias counts as many values as it stands for, so that
nested aliases (the "billion laughs") are refused before they are expanded.
"""

from collections.abc import Iterable
from typing import Any

import yaml

MAX_BYTES = 2**20
"""Size limit of a settings file; those that ship are below 10 kB."""

MAX_DEPTH = 40
MAX_VALUES = 50_000

MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """The safe loader, which refuses a key that stands twice in a mapping."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        first: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != MERGE:
                line = key.start_mark.line + 1
                if key.value in first:
                    raise ValueError(
                        f"line {line}: {key.value}: duplicate key, first in line {first[key.value]}"
                    )
                first[key.value] = line
        return super().construct_mapping(node, deep)


def parse_yaml(text: str) -> Any:
    """Plain data of YAML text.

    Raises
    ------
    ValueError
        If it is not YAML, nested too deeply or too large, or has object tags or duplicate keys.
    """
    try:
        _measure(text)
        return _Loader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = "" if mark is None else f"line {mark.line + 1}: "
        raise ValueError(f"{line}{error.problem}") from None
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    except (AttributeError, TypeError, KeyError, IndexError, ArithmeticError) as error:
        # What PyYAML itself fails on, such as '!!timestamp x'.
        raise ValueError(f"a value cannot be read ({error})") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


def line_of(text: str, keys: Iterable[str]) -> int | None:
    """Line of a key, from 1; of the section around it if it is absent.

    Parameters
    ----------
    text
        YAML that `parse_yaml` accepts.
    keys
        From the outermost one; a number counts the entries of a list.

    Returns
    -------
    int or None
        None if not even the outermost key is there.
    """
    node, line = yaml.compose(text, Loader=yaml.SafeLoader), None
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            found = [pair for pair in node.value if pair[0].value == key]
        elif isinstance(node, yaml.SequenceNode) and key.isdigit():
            found = [(entry, entry) for entry in node.value[int(key) : int(key) + 1]]
        else:
            break
        if not found:
            break
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line


def _measure(text: str) -> None:
    """Refuse what is nested too deeply or expands to too many values; nothing is built yet."""
    sizes: dict[str, int] = {}
    open_: list[tuple[str | None, int]] = []
    count = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise ValueError(f"*{event.anchor} refers to nothing that is complete")
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
            raise ValueError(f"expands to more than {MAX_VALUES:,} values")
