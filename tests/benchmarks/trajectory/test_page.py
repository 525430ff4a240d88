"""The page of the trajectory models, of small records and of text that is hard to show."""

import base64
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from benchmarks.trajectory.files import TrajectoryFiles
from benchmarks.trajectory.job import Job
from benchmarks.trajectory.page.best import best
from benchmarks.trajectory.page.page import trajectory_page
from benchmarks.trajectory.page.readable import measured, readable
from benchmarks.trajectory.page.sections import Figure, Prose, Table, sections
from benchmarks.trajectory.tables import write
from mechanist.bookkeeping.files import read_json, write_bytes
from mechanist.bookkeeping.journal import Journal
from mechanist.errors import DataError
from mechanist.settings.config import Config
from mechanist.settings.load import validate

VOID = {"meta", "link", "img", "br", "hr"}
BOUND = "\N{NO-BREAK SPACE}"


class Reader(HTMLParser):
    """Follows tags, and gathers words, anchors, links, figures and rows."""

    def __init__(self, page):
        super().__init__()
        self.open, self.words, self.rows = [], [], []
        self.tags, self.ids, self.targets, self.fetched, self.bold = set(), [], [], [], set()
        self.feed(page)
        self.close()
        assert self.open == []
        self.text = " ".join("".join(self.words).replace(BOUND, " ").split())

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.add(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.targets += [found["href"]] if tag == "a" else []
        self.fetched += [found[key] for key in ("src", "srcset", "data") if key in found]
        self.fetched += [found["href"]] if tag == "link" else []
        assert not any(name.startswith("on") for name in found)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data.replace(BOUND, " ")
        if "b" in self.open and "tbody" in self.open:
            self.bold.add((self.rows[-1][0], data.replace(BOUND, " ")))


@pytest.fixture(scope="module")
def made(write_records, tmp_path_factory):
    """Files of the stage, and what it said."""
    files = TrajectoryFiles(tmp_path_factory.mktemp("models"))
    config = validate(Config, {"trajectory": {"seeds": 2}}, "test")
    write_records(files)
    lines = []
    write(Job(config, files, Journal(lines.append)))
    return files, lines


def test_the_page_is_sound_and_needs_nothing_from_outside(made):
    page = made[0].page.read_text("utf-8")
    reader = Reader(page)
    assert "http" not in page
    assert not {"script", "iframe", "object", "embed"} & reader.tags
    assert not re.search(r"url\(|@import", page)
    assert all(one.startswith("data:") for one in reader.fetched)
    assert len(reader.ids) == len(set(reader.ids))
    assert {one.removeprefix("#") for one in reader.targets} <= set(reader.ids)


def test_every_figure_is_inside(made):
    files, _ = made
    page = files.page.read_text("utf-8")
    names = (files.figure, files.propagator_figure, files.forecast_figure)
    for one in names:
        assert base64.b64encode(one("ethanol").read_bytes()).decode() in page
    assert page.count("<img ") == page.count("<figcaption>") == len(names)


def test_every_table_and_every_row_is_told(made):
    files, lines = made
    reader = Reader(files.page.read_text("utf-8"))
    table = read_json(files.tables)
    cells = {row[0] for row in reader.rows}
    assert {one["table"] for one in table} <= cells
    # Early stops are told in a sentence.
    rows = {readable(one["row"]).replace(BOUND, " ") for one in table} - {"early stops"}
    assert rows <= cells
    titles = ("T1 Missing frames", "T3 Propagators", "T4 Forecasts", "T5 Stored paths")
    for text in (*titles, "different data"):
        assert text in reader.text
    assert any(line.endswith(f"open {files.page}") for line in lines)


def test_targets_come_first_and_are_marked_with_words(made):
    files, lines = made
    reader = Reader(files.page.read_text("utf-8"))
    met = sum(re.search(r"\bmet: ", line) is not None for line in lines)
    missed = sum("MISSED: " in line for line in lines)
    assert f"{met} of {met + missed} targets met" in reader.text
    marks = [row[0] for row in reader.rows if row[0] in ("✓ yes", "✗ no")]
    assert (marks.count("✓ yes"), marks.count("✗ no")) == (met, missed)
    assert reader.ids.index("targets") < reader.ids.index("t1-missing-frames")
    assert "| target |" not in reader.text


def test_the_best_of_a_column_is_bold(made):
    files, _ = made
    reader = Reader(files.page.read_text("utf-8"))
    numbers = [one for one in read_json(files.tables) if one["table"] == "T3 ethanol"]
    column = "t = 1 fs: distances, root mean square error"
    # Learned forces are ranked apart.
    ranked = [o for o in numbers if o["column"] == column and not o["row"].startswith("learned")]
    first = min(ranked, key=lambda one: one["value"])
    shown = measured(f"{first['value']:.3g} ± {first['std']:.1g}").text.replace(BOUND, " ")
    assert (first["row"], shown) in reader.bold
    assert not any("published" in name for name, _ in reader.bold)


HARD = """# A <b>title</b> & more

Lead with [a link](http://example.com) and `code`.

# Table T9: first & <last>

## T9 water

![shape](water.png "Left: <one> & two")

### water: error at 1e-4 (nm)

| model | T = 5 | T = 10 | time |
|---|---|---|---|
| <i>one</i>, ours | **1.04e-05 ± 3e-07** | 0.5 | 9 |
| two | 2e-05 ± 1e-06 |  | 1 |
| three, published (different data) | 1e-09 | 0.1 | 0 |

| target | found | met |
|---|---|---|
| error < 1e-4 | 2.0e-05 nm | no |

# T9 again
"""


def test_text_is_escaped_and_numbers_can_be_read(tmp_path):
    write_bytes(tmp_path / "water.png", b"\x89PNG rest")
    page = trajectory_page(HARD, tmp_path, [("<1>", "a & b")], [])
    reader = Reader(page)
    assert "<i>" not in page
    assert "http" not in page
    for text in ("A <b>title</b> & more", "Lead with a link and code.", "First & <last>"):
        assert text in reader.text
    assert "<1>" in reader.text
    assert "Left: <one> & two" in reader.text
    assert "Error at 1×10⁻⁴ (nm)" in reader.text
    assert reader.bold == {("<i>one</i>, ours", "(1.04 ± 0.03)×10⁻⁵")}
    assert "0 of 1 targets met" in reader.text


@pytest.mark.parametrize("name", ["away.png", "../water.png", "http://a.b/water.png", "water.svg"])
def test_figures_are_of_this_folder_alone(name, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "water.png").write_bytes(b"x")
    (tmp_path / "in" / "water.svg").write_bytes(b"x")
    with pytest.raises(DataError, match=r"water|away"):
        trajectory_page(f"# A\n\n# B\n\n![shape]({name})\n", tmp_path / "in", [], [])


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("5.86e-06 ± 4e-07", "(5.9 ± 0.4)×10⁻⁶"),
        ("0.00903 ± 0.0002", "0.0090 ± 0.0002"),
        ("7.53e-05 ± 1e-05", "(7.5 ± 1)×10⁻⁵"),
        ("0.01 ± 0.0006", "0.0100 ± 0.0006"),
        ("0.06259 ± 0.08", "0.063 ± 0.08"),
        ("2.198e+04 ± 8e+02", "22,000 ± 800"),
        ("0.99301 ± 0.00120", "0.9930 ± 0.0012"),
        ("1.00000 ± 0.00000", "1.00000"),
        ("1.037e+05 ± 0", "1.037×10⁵"),
        ("0 ± 1e-05", "(0 ± 1)×10⁻⁵"),
        ("-118.4 degrees", "−118.4 degrees"),
        ("3.345 ± 1 1/cm", "3.3 ± 1 cm⁻¹"),
        ("0 ± 0", "0"),
    ],
)
def test_numbers_have_the_digits_that_their_spread_leaves(cell, shown):
    assert measured(cell).text.replace(BOUND, " ") == shown


@pytest.mark.parametrize("cell", ["", "nan", "inf ± 1", "1e", "yes", "T = 5", "1 ± ", "C8-N1"])
def test_what_is_no_number_stays_text(cell):
    assert measured(cell) is None
    assert readable(cell) == cell


def test_best_knows_which_way_is_better_and_who_takes_part():
    def rows(*values):
        return tuple((name, value) for name, value in values)

    table = Table(
        ("model", "x"),
        rows(
            ("a", "3"),
            ("b", "-1"),
            ("b (x, v, a)", "9"),
            ("true", "0"),
            ("c (different data)", "0"),
        ),
    )
    assert best("error", table) == {(1, 1)}
    assert best("cosine similarity", table) == {(0, 1)}
    assert best("parameters", table) == set()
    assert best("anything", table) == set()
    # What reads the same is as good, and a base is compared with itself.
    like = rows(("p: a", "1.04 ± 0.1"), ("p: b", "1.01 ± 0.1"), ("p: c", "2"), ("q: a", "5"))
    assert best("error", Table(("model", "x"), like)) == {(0, 1), (1, 1)}


def test_markdown_is_taken_apart():
    first, second = sections('before\n\n## a `b`\n\n![t](f.png "h")\n\n- 1e-4 ![x](y.png)\n')
    assert (first.level, first.title, first.blocks) == (1, "", (Prose("<p>before</p>\n"),))
    assert (second.level, second.title) == (2, "a b")
    assert second.blocks[0] == Figure("f.png", "t", "h")
    assert second.blocks[1].html == "<ul>\n<li>1×10⁻⁴ x</li>\n</ul>\n"


BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
PROBE = """<script>document.title = JSON.stringify(
[document.documentElement.scrollWidth, document.documentElement.clientWidth])</script></body>"""


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed: the page is not opened")
@pytest.mark.parametrize("width", [500, 1400])
def test_nothing_sticks_out_of_the_window(width, made, tmp_path):
    probe = tmp_path / "probe.html"
    opened = made[0].page.read_text("utf-8").replace("<details>", "<details open>")
    probe.write_text(opened.replace("</body>", PROBE), "utf-8")
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900"]
    done = subprocess.run(
        [*command, "--dump-dom", probe.as_uri()], capture_output=True, text=True, timeout=120
    )
    wide, window = json.loads(re.search(r"<title>(.*?)</title>", done.stdout)[1])
    assert wide <= window
