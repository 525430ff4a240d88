"""Strategies: sound samples with a few things changed, data of the right form, and noise."""

import json
from collections.abc import Callable

import yaml
from hypothesis import strategies as st

TOKENS = [
    *(b"", b"\x00", b"\xff", b"\n", b"- ", b": ", b"{", b"}", b"[", b"]", b"&a ", b"*a", b"!!int "),
    *(b"NaN", b"Infinity", b"-1", b"1e999", b"9" * 30, b"null", b"true", b'"', b"'", b"<<: *a\n"),
    *(b"!!python/object/apply:os.system [id]", b"!!timestamp x", b"!!float x", b"!!binary x"),
    *(b"0x", b"1:99", b"2020-99-99", b".inf", b".nan", b"nm^9", b"\x7f\xff\xff\xff", b"\x80" * 4),
    *(b"\xff" * 8, b"PAR1", b"GMX_trn_file", b"?", b"|", b"#", b"\t", b"=", b"~", b"%YAML 9\n"),
]
"""Pieces that readers may trip over."""

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["1 nm", "-1 nm", "1e400 nm", "nan K", "9^9^9 nm", "1 nm^99", "deg", "x"]),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)

Edit = tuple[int, int, int, bytes]


@st.composite
def edits(draw: Callable[..., object], samples: tuple[bytes, ...]) -> bytes:
    """A sample with bits flipped, pieces cut, doubled, put in or moved."""
    content = draw(st.sampled_from(samples))
    assert isinstance(content, bytes)
    rows = st.tuples(
        st.integers(0, 4),
        st.integers(0, 2**31),
        st.integers(0, 2**31),
        st.one_of(st.sampled_from(TOKENS), st.binary(max_size=6)),
    )
    changes = draw(st.lists(rows, min_size=1, max_size=5))
    assert isinstance(changes, list)
    for change in changes:
        content = edited(content, change)
    return content


def edited(content: bytes, change: Edit) -> bytes:
    """One change of a sample."""
    kind, one, two, piece = change
    size = max(1, len(content))
    start = one % size
    length = two % 17 if two % 3 else two % size
    stop = min(size, start + length)
    match kind:
        case 0:
            bit = 1 << (two % 8)
            return (
                content[:start]
                + bytes([(content[start : start + 1] or b"\0")[0] ^ bit])
                + (content[start + 1 :])
            )
        case 1:
            return content[:start] + content[stop:]
        case 2:
            return content[:stop] + content[start:stop] + content[stop:]
        case 3:
            return content[:start] + piece + content[start:]
    return content[:start] + piece + content[start + len(piece) :]


@st.composite
def replaced(draw: Callable[..., object], samples: tuple[bytes, ...]) -> bytes:
    """A sample of YAML or JSON with one value, anywhere, replaced by another."""
    text = draw(st.sampled_from(samples))
    assert isinstance(text, bytes)
    is_json = text.lstrip().startswith(b"{")
    tree = json.loads(text) if is_json else yaml.safe_load(text)
    node, place = tree, None
    for turn in draw(st.lists(st.integers(0, 20), min_size=1, max_size=6)):  # type: ignore[attr-defined]
        inner = node if place is None else node[place]
        if not isinstance(inner, dict | list) or not inner:
            break
        node = inner
        place = list(node)[turn % len(node)] if isinstance(node, dict) else turn % len(node)
    if place is not None:
        node[place] = draw(TREES)
    if is_json:
        return json.dumps(tree).encode(errors="surrogatepass")
    return yaml.safe_dump(tree, allow_unicode=True).encode(errors="surrogatepass")


def inputs_of(samples: tuple[bytes, ...], structured: bool) -> st.SearchStrategy[bytes]:
    """What a reader is fed with."""
    parts = [edits(samples), edits(samples), st.binary(max_size=200)]
    if structured:
        parts += [replaced(samples), replaced(samples)]
    return st.one_of(parts)
