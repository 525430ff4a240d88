"""Structure of the package: direction of imports, no circular imports, size of modules."""

import ast
import subprocess
import sys
from functools import cache

import pytest

from tests.conftest import REPOSITORY

SOURCE = REPOSITORY / "src" / "mechanist"

LEVELS = (
    ("errors", "arrays"),
    ("bookkeeping", "statistics"),
    ("settings",),
    ("systems",),
    ("engine",),
    ("sampling",),
    ("committor", "trajectory", "starts"),
    ("analysis", "formula"),
    ("report",),
    ("stages",),
    ("cli",),
)
"""Rooms from the bottom up: a room imports itself and rooms of lower levels only."""

LEVEL = {room: number for number, rooms in enumerate(LEVELS) for room in rooms}

LINES = 400

HEAVY = ("numpy", "scipy", "openmm", "mdtraj", "torch", "sympy", "pyarrow")


def name_of(file):
    parts = file.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for file in sorted(SOURCE.rglob("*.py"))}


@cache
def nodes(file):
    """All nodes of the syntax tree of a file."""
    return tuple(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


@cache
def imports(module):
    """Modules of the package that a module imports, also inside functions."""
    found = set()
    for node in nodes(MODULES[module]):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            # A package counts only if a name comes from its own __init__.
            found |= names | ({node.module} if names - MODULES.keys() else set())
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return frozenset(name for name in found if name in MODULES and name != module)


def room_of(module):
    return module.split(".")[1] if "." in module else ""


def edges():
    return [(one, other) for one in MODULES for other in imports(one)]


def test_every_room_has_a_level():
    assert {room_of(name) for name in MODULES} - {""} == set(LEVEL)


def test_imports_point_one_way():
    wrong = [
        f"{one} imports {other}"
        for one, other in edges()
        if room_of(one) and room_of(other) and room_of(one) != room_of(other)
        if LEVEL[room_of(other)] >= LEVEL[room_of(one)]
    ]
    assert wrong == []


def test_only_stages_import_trajectory():
    wrong = [
        f"{one} imports {other}"
        for one, other in edges()
        if room_of(other) == "trajectory" and room_of(one) not in ("trajectory", "stages")
    ]
    assert wrong == []


def test_no_stage_imports_a_stage():
    wrong = [f"{a} imports {b}" for a, b in edges() if room_of(a) == room_of(b) == "stages"]
    assert wrong == []


def test_no_circular_imports():
    """Not even one that an import inside a function hides."""
    state: dict[str, int] = {}
    circles = []

    def visit(module, trail):
        state[module] = 1
        for other in sorted(imports(module)):
            if state.get(other) == 1:
                circles.append(" -> ".join([*trail[trail.index(other) :], other]))
            elif other not in state:
                visit(other, [*trail, other])
        state[module] = 2

    for module in MODULES:
        if module not in state:
            visit(module, [module])
    assert circles == []


def test_no_module_is_too_long():
    lines = {
        name: len(file.read_text(encoding="utf-8").splitlines()) for name, file in MODULES.items()
    }
    assert {name: count for name, count in lines.items() if count > LINES} == {}


def test_every_stage_has_its_function_and_a_command_or_rule_has_its_stage():
    from mechanist.cli.main import GROUPS, PANELS

    commands = {function.__name__ for functions in PANELS.values() for function in functions}
    stages = {name.rpartition(".")[2] for name in MODULES if room_of(name) == "stages"} - {"stages"}
    assert stages - commands == set(GROUPS)
    for stage in stages & commands:
        tree = ast.parse((SOURCE / "stages" / f"{stage}.py").read_text(encoding="utf-8"))
        assert stage in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("arguments", [["--help"], ["shoot", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    code = (
        "import sys, atexit, json\n"
        "from mechanist.cli.main import app\n"
        f"heavy = {HEAVY!r}\n"
        "atexit.register(lambda: print('LOADED', *(n for n in heavy if n in sys.modules)))\n"
        f"sys.argv = ['mechanist', *{arguments!r}]\n"
        "app()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1].split() == ["LOADED"]


def _opens_text(call):
    """Whether a call reads or writes text without an encoding."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if any(keyword.arg in ("encoding", None) for keyword in call.keywords):
        return False
    if isinstance(function, ast.Attribute) and name in ("read_text", "write_text"):
        return len(call.args) <= (name == "write_text")
    if name != "open" or (isinstance(function, ast.Attribute) and call.args[1:]):
        return False
    modes = call.args if isinstance(function, ast.Attribute) else call.args[1:2]
    mode = ast.literal_eval(modes[0]) if modes and isinstance(modes[0], ast.Constant) else "r"
    # Other kinds of open take something else than a mode, such as the flags of os.open.
    return isinstance(mode, str) and set(mode) <= set("rwax+")


def test_text_is_read_and_written_with_an_encoding():
    """Ruff's PLW1514 sees only those whose type it can infer."""
    wrong = []
    for folder in ("src", "tests", "benchmarks", "systems"):
        for file in sorted((REPOSITORY / folder).rglob("*.py")):
            for node in nodes(file):
                if isinstance(node, ast.Call) and _opens_text(node):
                    wrong.append(f"{file.relative_to(REPOSITORY)}:{node.lineno}")
    assert wrong == []
