import html
import json
import re
import shutil
import subprocess
from dataclasses import asdict

import pytest

from mechanist.analysis.validation.verdict import Verdict
from mechanist.bookkeeping.csv_files import read_csv
from mechanist.bookkeeping.files import read_json, write_json, write_text
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.report.load import load_report
from mechanist.report.page.page import subscripts
from mechanist.report.page.tables import interval
from tests.conftest import forget
from tests.report.kinds import ALANINE, TOY
from tests.report.synthetic import make_run, write_all

FRONT_HEADER = "complexity,heldout_loss,heldout_loss_se,text,chosen\n"

EVERY = {
    *("relevance", "pareto", "calibration", "transition_state", "density", "lengths"),
    *("uncertainty", "efficiency", "convergence", "training", "cost", "terms"),
}
FROM_SHOTS_ALONE = {
    *("density", "lengths", "uncertainty", "efficiency", "convergence", "training"),
}


def figures_of(page):
    return set(re.findall(r'<figure id="(\w+)"', page))


@pytest.mark.parametrize(
    ("run", "figures"),
    [
        ("molecule", EVERY | {"along_path", "descriptors"}),
        ("potential", EVERY),
        ("bare", FROM_SHOTS_ALONE | {"along_path"}),
    ],
)
def test_page_holds_its_figures_each_with_a_caption(run, figures, request):
    page = request.getfixturevalue(run).report.read_text(encoding="utf-8")
    assert figures_of(page) == figures
    assert page.count("<figcaption>") == len(figures) + page.count('class="still"')


@pytest.mark.parametrize("run", ["molecule", "potential", "bare"])
def test_page_needs_nothing_from_outside_and_ids_are_unique(run, request):
    page = request.getfixturevalue(run).report.read_text(encoding="utf-8")
    scripts = re.findall(r"<script.*?</script>", page, re.DOTALL)
    # Buttons; data, library and viewer, of which the library could load structures, which the
    # policy forbids.
    assert len(scripts) == (1 if run == "potential" else 4)
    assert all(script.startswith(("<script>", '<script id="molecule-data"')) for script in scripts)
    plain = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert plain.count("http") == 1
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', plain)[1]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    page = plain
    targets = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert all(target.startswith(("#", "data:")) for target in targets)
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    known = {f"#{name}" for name in ids}
    assert all(t in known for t in targets if t.startswith("#"))
    assert all(f"#{t}" in known for t in re.findall(r"url\(#([^)]*)\)", page))


def test_headline_says_what_was_asked_and_how_it_ended(molecule, potential):
    page = molecule.report.read_text(encoding="utf-8")
    for text in (
        "alanine dipeptide in vacuum",
        "C7eq",
        "C7ax",
        ">sampling converged<",
        "Clopper-Pearson",
    ):
        assert text in page
    unfinished = potential.report.read_text(encoding="utf-8")
    assert ">sampling not converged<" in unfinished
    assert "heldout_gain" in unfinished


def test_formula_that_cannot_be_set_is_shown_as_text(tmp_path):
    layout = make_run(tmp_path / "run", ALANINE, rounds=1, answers=False)
    content = {"text": "1 < 2*phi", "latex": r"\nosuchcommand{\phi}", "complexity": 3}
    layout.formula.write_text(json.dumps(content), encoding="utf-8")
    write_all(layout)
    page = layout.report.read_text(encoding="utf-8")
    assert 'class="plain">q = 1 &lt; 2*phi<' in page
    assert 'aria-label="Formula' not in page


def test_reports_of_the_same_run_are_the_same(molecule):
    before = molecule.report.read_text(encoding="utf-8")
    write_all(molecule)
    # Sizes of files may differ by the summary's own; the figures must not.
    pattern = re.compile(r"<svg.*?</svg>", re.DOTALL)
    assert pattern.findall(molecule.report.read_text(encoding="utf-8")) == pattern.findall(before)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((4.43, 4.79), "4.43 to 4.79"),
        ((-0.0141, -0.0105), "\u22120.0141 to \u22120.0105"),
        ((640.1, 990.2), "640 to 990"),
        ((None, None), "unknown"),
        ((1.0, 1.0), "unknown"),
        ((0.0, float("inf")), "unknown"),
    ],
)
def test_intervals_have_the_digits_that_their_width_gives_them(ends, expected):
    assert interval(*ends) == expected


def test_subscripts_are_set_and_the_rest_is_escaped():
    assert str(subscripts("p_B < 1 & p_B")) == "p<sub>B</sub> &lt; 1 &amp; p<sub>B</sub>"
    minus = "\N{MINUS SIGN}"
    assert (
        str(subscripts("(-0.05 to -3), nm^-2, C1-2")) == f"({minus}0.05 to {minus}3), nm^-2, C1-2"
    )


def test_a_run_without_an_assessment_has_no_report(tmp_path):
    layout = make_run(tmp_path / "run", ALANINE, rounds=1, answers=False)
    layout.round(0).assessment.unlink()
    with pytest.raises(DataError, match="assess the round") as caught:
        load_report(layout, 0)
    assert caught.value.where == str(layout.round(0).assessment)


def test_rounds_after_the_last_one_do_not_count(tmp_path):
    layout = make_run(tmp_path / "run", ALANINE, rounds=3)
    data = load_report(layout, 1)
    assert [entry["round"] for entry in data.rounds] == [0, 1]
    assert {cost.stage: cost.jobs for cost in data.costs}["learn"] == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("relevance.csv", "descriptor,spread\nphi,1\n", "lacks the column 'importance'"),
        ("relevance.csv", "descriptor,importance,spread\nphi,much,1\n", "could not convert"),
        ("validation.csv", "point,p_network,p_formula,n,n_B,low,high\n0,0.1\n", "cut short"),
        ("formula.json", "{", "damaged, not JSON"),
        ("formula.json", "[]", "lacks 'text'"),
        ("formula.json", '{"text": "1"}', "lacks 'latex'"),
        ("formulas.csv", FRONT_HEADER + "1,?,,1,True\n", "'heldout_loss': could not convert"),
        ("validation/verdict.json", '{"text": "fine"}', "lacks 'points'"),
        ("rounds/001/assessment.json", '{"round": 1}', "lacks 'shots'"),
        ("rounds/001/training.json", '{"train": [1]}', "lacks 'out_of_bag'"),
        ("system/dynamics.json", '{"name": "x"}', "lacks 'temperature'"),
        ("shots.parquet", "PAR1", "damaged Parquet"),
    ],
)
def test_damaged_files_are_named(name, content, message, run_to_damage):
    path = run_to_damage.root / name
    kept = path.read_bytes()
    path.write_text(content, encoding="utf-8")
    try:
        with pytest.raises(DataError, match=message) as caught:
            write_all(run_to_damage)
        assert caught.value.where == str(path)
    finally:
        path.write_bytes(kept)


@pytest.fixture(scope="module")
def run_to_damage(tmp_path_factory):
    layout = make_run(tmp_path_factory.mktemp("damage") / "run", ALANINE, rounds=2)
    forget(layout.root)
    return layout


BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
PROBE = """<script>
const sizes = [...document.querySelectorAll("figure[id], .formula")].map(part => {
  const box = part.querySelector("svg").getBoundingClientRect();
  return [part.id || "formula", Math.round(box.width), Math.round(box.height)];
});
document.title = JSON.stringify({sizes, wide: document.documentElement.scrollWidth});
</script></body>"""


WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--virtual-time-budget=20000")
"""The molecule is drawn by software; without the first two Chromium warns that it does so."""


def browse(path, profile):
    """The page as headless Chromium ends up with it, and what the console said."""
    options = ["--headless", "--no-sandbox", *WEBGL, "--disable-quic", "--no-first-run"]
    options += ["--disable-background-networking", "--enable-logging=stderr", "--v=0"]
    options += [f"--user-data-dir={profile}", "--window-size=1200,900", "--dump-dom"]
    command = [BROWSER, *options, path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed: the page is not opened")
@pytest.mark.parametrize("run", ["molecule", "bare"])
def test_chromium_shows_every_figure_and_reports_no_error(run, request, tmp_path):
    layout: Layout = request.getfixturevalue(run)
    page = layout.report.read_text(encoding="utf-8")
    probe = tmp_path / "probe.html"
    probe.write_text(page.replace("</body>", PROBE), encoding="utf-8")
    dom, console = browse(probe, tmp_path / "profile")
    assert console == []
    title = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    found = json.loads(html.unescape(title[1]))
    names = {name for name, _, _ in found["sizes"]}
    assert names == figures_of(page) | ({"formula"} if run == "molecule" else set())
    assert all(width > 200 and height > 20 for _, width, height in found["sizes"])
    # Nothing sticks out of the window.
    assert found["wide"] <= 1200


VISIT = """<script>
addEventListener("load", () => {
  const section = document.getElementById("molecule");
  const event = name => new Event(name, {bubbles: true});
  const result = {live: section.classList.contains("live")};
  // Without waiting for anything: the clock of the browser runs ahead while an image is decoded.
  const count = () => {
    const drawing = section.viewer.getCanvas();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [drawing.width, drawing.height];
    const context = canvas.getContext("2d");
    context.drawImage(drawing, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let drawn = 0;
    for (let i = 0; i < pixels.length; i += 4) {
      drawn += pixels[i] + pixels[i + 1] + pixels[i + 2] < 700;
    }
    return drawn / (pixels.length / 4);
  };
  result.drawn = count();
  const term = document.querySelector("tr[data-atoms]");
  const before = section.dataset.highlighted;
  term.dispatchEvent(event("mouseenter"));
  result.hover = [before, section.dataset.highlighted, term.dataset.atoms];
  term.dispatchEvent(event("mouseleave"));
  result.after = section.dataset.highlighted;
  const tabs = [...section.querySelectorAll("[role=tab]")];
  result.tabs = [];
  for (const tab of tabs) {
    tab.click();
    result.tabs.push([section.dataset.scene, count()]);
  }
  const slider = section.querySelector("input[type=range]");
  result.markers = [];
  for (const value of [slider.min, slider.max]) {
    slider.value = value;
    slider.dispatchEvent(event("input"));
    const marker = document.querySelector("#along_path circle.marker");
    result.markers.push([+marker.getAttribute("cx"), +marker.getAttribute("cy"),
      section.querySelector("output").textContent]);
  }
  result.wide = document.documentElement.scrollWidth;
  document.title = JSON.stringify(result);
});
</script></body>"""


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed: the page is not opened")
def test_the_molecule_is_drawn_and_answers_mouse_and_slider(molecule, tmp_path):
    page = molecule.report.read_text(encoding="utf-8")
    probe = tmp_path / "probe.html"
    probe.write_text(page.replace("</body>", VISIT), encoding="utf-8")
    dom, console = browse(probe, tmp_path / "profile")
    assert console == []
    found = json.loads(html.unescape(re.search(r"<title>(.*?)</title>", dom, re.DOTALL)[1]))
    if not found["live"]:
        pytest.skip("this Chromium draws no WebGL, also not by software")
    assert 0.005 < found["drawn"] < 0.9
    before, hovered, atoms = found["hover"]
    assert hovered == atoms != before
    assert found["after"] == before
    assert [scene for scene, _ in found["tabs"]] == ["structure", "states", "ensemble", "path0"]
    assert all(0.005 < drawn < 0.9 for _, drawn in found["tabs"])
    (left, low, start), (right, high, end) = found["markers"]
    # From A to B in time, and from p_B near 0 at the bottom to 1 at the top.
    assert left < right
    assert low > high
    assert start.startswith("0.00 ps")
    assert start != end
    assert found["wide"] <= 1200


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed: the page is not opened")
def test_console_errors_would_be_seen(tmp_path):
    page = tmp_path / "broken.html"
    page.write_text("<body><script>undefinedFunction()</script></body>", encoding="utf-8")
    _, console = browse(page, tmp_path / "profile")
    assert any("undefinedFunction" in line for line in console)


def test_a_criterion_that_was_never_known_has_its_limit_alone(tmp_path, recwarn):
    layout = make_run(tmp_path / "run", ALANINE, rounds=2)
    for number in layout.rounds():
        file = layout.round(number).assessment
        content = json.loads(file.read_text(encoding="utf-8"))
        for name in ("calibration", "transitions"):
            criterion = content["criteria"][name]
            criterion |= {"value": None, "passed": False, "limit": 0.01 * (name == "calibration")}
        forget(file.parent)
        file.write_text(json.dumps(content), encoding="utf-8")
    write_all(layout)
    assert 'id="convergence"' in layout.report.read_text(encoding="utf-8")
    assert [str(w.message) for w in recwarn if "ylim" in str(w.message)] == []


@pytest.mark.parametrize(
    ("descriptors", "badge"),
    [(["phi"], "no stable formula"), ([], "no formula beats a constant")],
)
def test_a_formula_that_is_not_stable_has_a_badge(descriptors, badge, tmp_path):
    layout = make_run(tmp_path, TOY)
    content = read_json(layout.formula)
    doubt = "No stable formula: only 41% of the resamples of the chains choose these descriptors."
    content |= {"stable": False, "stability": doubt, "descriptors": descriptors}
    write_json(layout.formula, content)
    write_all(layout)
    page = layout.report.read_text(encoding="utf-8")
    assert f'<span class="badge bad">{badge}</span>' in page
    assert f'<p class="doubt">{doubt}</p>' in page
    assert doubt in layout.summary_text.read_text(encoding="utf-8")
    summary = read_json(layout.summary)["formula"]
    assert (summary["stable"], summary["set_share"]) == (False, 0.85)


def test_a_run_whose_fresh_shots_all_were_too_long_has_a_report(tmp_path):
    layout = make_run(tmp_path, TOY)
    verdict = Verdict.without_points(120, 1.0)
    write_json(layout.verdict, asdict(verdict))
    for path in (layout.validation, layout.validation_formula, layout.front_errors):
        head, *_ = path.read_text(encoding="utf-8").splitlines(keepends=True)
        texts = [row["text"] for row in read_csv(layout.formulas, ["text"])]
        rows = [f"{text},,,\n" for text in texts] if path == layout.front_errors else []
        write_text(path, "".join([head, *rows]))
    write_all(layout)
    assert verdict.text in html.unescape(layout.report.read_text(encoding="utf-8"))
    assert verdict.text in layout.summary_text.read_text(encoding="utf-8")
    assert read_json(layout.summary)["validation"]["undecided"] == 120
