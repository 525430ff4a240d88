"""Nothing that is read can run code, and nothing short can ask for all memory."""

import ast
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import openmm
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mechanist.bookkeeping.files import read_json
from mechanist.committor.network import load as load_model
from mechanist.errors import DataError, MechanistError, SettingsError, SystemBuildError
from mechanist.sampling.records.tables import read_frames, read_table
from mechanist.settings.load import load_config, read_yaml
from mechanist.settings.units import to_unit
from mechanist.settings.yaml_text import MAX_DEPTH, parse_yaml
from mechanist.systems.forces.system_xml import check_force_field, read_system
from tests.conftest import REPOSITORY

MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle"}
CALLS = {
    *("eval", "exec", "compile", "__import__"),
    *("yaml.load", "yaml.unsafe_load", "yaml.full_load", "yaml.load_all", "yaml.UnsafeLoader"),
    *("torch.load", "torch.jit.load", "torch.export.load"),
    *("os.system", "os.popen", "pd.read_pickle"),
    *("sympy.sympify", "sympy.parse_expr", "sympify", "parse_expr", "np.fromregex"),
}


def sources() -> list[Path]:
    places = ("src", "workflow", "benchmarks")
    return [file for place in places for file in sorted((REPOSITORY / place).rglob("*.py"))]


def name_of(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


CODE_OF_USERS = {
    f"src/mechanist/systems/forces/torch_module.py: torch.{kind}.load" for kind in ("jit", "export")
}
"""A force law is code of the user, as forces.py is; a message precedes it outside systems/."""


def dangers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            yield from (name for name in names if name.partition(".")[0] in MODULES)
        elif isinstance(node, ast.Call):
            name = name_of(node.func)
            words = {key.arg: key.value for key in node.keywords}
            if name in CALLS:
                yield name
            elif name in ("np.load", "numpy.load"):
                allow = words.get("allow_pickle")
                if not (isinstance(allow, ast.Constant) and allow.value is False):
                    yield name
            for word in ("allow_pickle", "shell"):
                value = words.get(word)
                if isinstance(value, ast.Constant) and value.value is True:
                    yield f"{word}=True"
        elif isinstance(node, ast.Attribute) and node.attr in ("UnsafeLoader", "FullLoader"):
            yield node.attr


def test_the_source_has_no_way_to_run_data():
    assert len(sources()) > 150
    found = [
        f"{file.relative_to(REPOSITORY)}: {danger}"
        for file in sources()
        for danger in dangers(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert set(found) == CODE_OF_USERS


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "eval('1')",
        "yaml.load(x)",
        "yaml.load(x, Loader=yaml.UnsafeLoader)",
        "np.load(f)",
        "np.load(f, allow_pickle=True)",
        "torch.load(f)",
        "subprocess.run(x, shell=True)",
        "sympy.sympify(x)",
    ],
)
def test_the_search_finds_what_it_looks_for(code):
    assert list(dangers(ast.parse(code)))


def touch(mark: str) -> float:
    """What a stranger's System would call."""
    Path(mark).write_text("run", encoding="utf-8")
    return 0.0


class Payload:
    """Unpickled, it writes a file."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return touch, (str(self.mark),)

    def __call__(self, state):
        return 0.0, [[0, 0, 0]]


def test_a_system_with_code_in_it_is_refused_before_it_runs(tmp_path):
    mark = tmp_path / "mark"
    system = openmm.System()
    system.addParticle(1.0)
    system.addForce(openmm.PythonForce(Payload(mark)))
    text = openmm.XmlSerializer.serialize(system)
    # The danger is real: OpenMM itself runs it.
    openmm.XmlSerializer.deserialize(text)
    assert mark.is_file()
    mark.unlink()
    file = tmp_path / "system.xml"
    hidden = text.replace('type="PythonForce"', "type='PythonForce'")
    inner = text.replace("<Forces>", "<Forces><!-- -->")
    for content in (text, hidden, inner):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match="which may run code"):
            read_system(file)
    for content in (text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode()):
        file.write_bytes(content)
        with pytest.raises(DataError, match="not plain text"):
            read_system(file)
    file.write_text(text.replace("PythonForce", "TorchForce"), encoding="utf-8")
    with pytest.raises(DataError, match="TorchForce"):
        read_system(file)
    assert not mark.exists()


@pytest.mark.parametrize("tag", ["Script", "InitializationScript"])
def test_a_force_field_with_a_script_is_refused(tag, tmp_path):
    inner = tmp_path / "inner.xml"
    inner.write_text(
        f"<ForceField>< {tag} >raise SystemExit</{tag}></ForceField>", encoding="utf-8"
    )
    outer = tmp_path / "outer.xml"
    outer.write_text('<ForceField><Include file="inner.xml"/></ForceField>', encoding="utf-8")
    for file in (inner, outer):
        with pytest.raises(SystemBuildError, match=r"inner\.xml: .*contains a script"):
            check_force_field(file)
    inner.write_text("<ForceField></ForceField>", encoding="utf-8")
    check_force_field(outer)
    # One that comes with OpenMM is not beside the system.
    check_force_field(tmp_path / "charmm36.xml")


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAUGHS, "expands to more than"),
        ("[" * 100_000, f"more than {MAX_DEPTH} deep"),
        ("a: &a [*a]", "nothing that is complete"),
        ("a: !!python/object/apply:os.system [id]", "python/object"),
        ("a: !!python/name:os.system", "python/name"),
        ("a: !!timestamp x", "cannot be read"),
        ("a: " + "9" * 5000, "digits"),
        ("a: 2020-99-99", "month"),
    ],
)
def test_yaml(text, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        parse_yaml(text)
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError):
        read_yaml(path)


def test_yaml_may_use_anchors():
    text = "a: &a {x: 1}\nb: *a\nc: {<<: *a, y: [*a, *a]}"
    assert parse_yaml(text)["c"] == {"x": 1, "y": [{"x": 1}] * 2}


def test_a_long_file_of_settings(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("# long\n" * 200_000, encoding="utf-8")
    with pytest.raises(SettingsError, match="longer than"):
        load_config(str(path))


@pytest.mark.parametrize(
    "text", ["9^9^9^9 nm", "2 nm^9^9^9^9", "9**9**9 nm", "1 nm**(9**9)", "1 " + "n" * 90]
)
def test_a_quantity_is_not_worked_out(text):
    with pytest.raises(ValueError, match="not a quantity"):
        to_unit(text, "nm")


@pytest.mark.parametrize("text", ["10(nm", "1 nm)", "1 (nm", "2 nm*(", "3 nm/", "1 ((nm)"])
def test_brackets_of_a_quantity_are_closed(text):
    with pytest.raises(ValueError, match="not a quantity"):
        to_unit(text, "nm")


@pytest.mark.parametrize(
    "text",
    ['{"a": NaN}', '{"a": -Infinity}', '{"a": 1e999}', f'{{"a": {"9" * 30}}}', "[" * 10**6, '"'],
)
def test_json(text, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.json: damaged, not JSON"):
        read_json(path)
    with pytest.raises(MechanistError):
        load_config('{"seed": ' + text + "}")


def test_a_safetensors_head_that_claims_too_much(tmp_path):
    weights, card = tmp_path / "model.safetensors", tmp_path / "model.json"
    card.write_text(json.dumps({"format": 3, "widths": [1]}), encoding="utf-8")
    entry = {"dtype": "F64", "shape": [10**6, 10**6], "data_offsets": [0, 8 * 10**12]}
    head = json.dumps({"mean": entry}).encode()
    for content in (
        struct.pack("<Q", len(head)) + head,
        struct.pack("<Q", 2**62),
        struct.pack("<Q", 2**62) + b"{}" * 50,
    ):
        weights.write_bytes(content)
        with pytest.raises(DataError, match=r"model\.safetensors: damaged"):
            load_model(weights, card)


def test_a_trr_head_that_claims_too_much(tmp_path):
    path = tmp_path / "a.trr"
    head = struct.pack(">iii12s", 1993, 13, 12, b"GMX_trn_file")
    for atoms in (2**30, -1, 0):
        sizes = [0, 0, 36, 0, 0, 0, 0, (12 * atoms) % 2**31, 0, 0]
        path.write_bytes(head + struct.pack(">10i6i", *sizes, atoms, 0, 0, 0, 0, 0) + b"\0" * 40)
        with pytest.raises(DataError, match=r"a\.trr: damaged TRR"):
            read_frames(path, 2)


def test_parquet_that_claims_too_much(tmp_path):
    path = tmp_path / "a.parquet"
    # Codes of run lengths hold many equal rows in a few bytes.
    pq.write_table(pa.table({"a": pa.array([1]).take(pa.array([0] * 20_000_000))}), path)
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match="claims 20,000,000 rows"):
        read_table(path, ["a"])
    # A long text in each of many rows is kept once, as its number.
    texts = pa.DictionaryArray.from_arrays([0] * 100_000, ["x" * 100_000])
    pq.write_table(pa.table({"a": texts}), path)
    assert len(read_table(path, ["a"])["a"]) == 100_000
    pq.write_table(pa.table({"a": [[1], [2]]}), path)
    with pytest.raises(DataError, match="column 'a' is of the type"):
        read_table(path, ["a"])
