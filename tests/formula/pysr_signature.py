"""The keywords of PySRRegressor, read from the package's source without importing it.

``python -m tests.formula.pysr_signature > tests/formula/pysr_signature.json`` makes the recorded
copy anew where PySR is installed; importing PySR would start Julia.
"""

import ast
import json
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path


def source() -> Path | None:
    """PySR's module sr.py, or None where PySR is not installed."""
    try:
        version("pysr")
    except PackageNotFoundError:
        return None
    spec = find_spec("pysr")
    return None if spec is None or spec.origin is None else Path(spec.origin).with_name("sr.py")


def signatures(path: Path) -> dict[str, list[str]]:
    """Names of the arguments of PySRRegressor's constructor and of its fit."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    body = next(
        node.body
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "PySRRegressor"
    )
    methods = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    return {
        name: [a.arg for a in (*methods[name].args.args[1:], *methods[name].args.kwonlyargs)]
        for name in ("__init__", "fit")
    }


if __name__ == "__main__":
    place = source()
    assert place is not None, "PySR is not installed"
    print(json.dumps({"version": version("pysr"), **signatures(place)}, indent=1))
