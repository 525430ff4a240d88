"""What the buttons of a figure save: its numbers as CSV and itself as PDF; formulas as MathML."""

import base64
import csv
import html
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from mechanist.formula.expression import parse
from mechanist.formula.typeset import latex
from mechanist.report.figures.figure_data import HEADER, figure_csv
from mechanist.report.figures.style import canvas, plain_ticks, to_svg
from mechanist.report.page.mathml import mathml


def rows_of(text):
    rows = list(csv.reader(io.StringIO(text)))
    assert tuple(rows[0]) == HEADER
    return rows[1:]


def test_numbers_of_every_kind_of_mark():
    with canvas(6, 3) as figure:
        left, middle, right = figure.subplots(1, 3)
        left.plot([1, 2], [3, np.nan], label="$q$ of it")
        left.axhline(2.5)
        left.errorbar([1, 2], [5, 6], yerr=[[0.5, 0.5], [1, 1]], fmt="o", label="fresh")
        left.scatter([7, 8], [9, 10], c=[0.1, 0.2])
        left.set_xlabel("time\n(ps)")
        middle.barh(["phi", "psi"], [0.25, 0.5])
        middle.bar([1], [2], label="tall")
        colours = right.pcolormesh(np.arange(3), np.arange(2), [[4.0, np.nan]])
        figure.colorbar(colours)
        image = np.ma.masked_less([[1.0, -1], [2, 3]], 0)
        right.imshow(image, extent=(0, 4, 10, 20), origin="lower", label=r"$\sin \, \phi$")
        rows = rows_of(figure_csv(figure))
    first = [row[3:] for row in rows if row[0] == "1"]
    assert {row[1] for row in rows if row[0] == "1"} == {"time (ps)"}
    assert [row for row in first if row[0] == "q of it"] == [
        ["q of it", "1", "3", ""],
        ["q of it", "2", "", ""],
    ]
    assert [row for row in first if row[0] == "fresh"] == [
        ["fresh", "1", "5", ""],
        ["fresh", "2", "6", ""],
    ]
    ends = [row[2] for row in first if row[0] == "interval"]
    assert ends == ["4.5", "6", "5.5", "7"]
    assert [row for row in first if row[0] == "points"] == [
        ["points", "7", "9", "0.1"],
        ["points", "8", "10", "0.2"],
    ]
    second = [row[3:] for row in rows if row[0] == "2"]
    assert second == [
        ["phi", "0.25", "0", "0.25"],
        ["psi", "0.5", "1", "0.5"],
        ["tall", "1", "2", "2"],
    ]
    assert [row[3:] for row in rows if row[0] == "3"] == [
        ["sin phi", "1", "12.5", "1"],
        ["sin phi", "1", "17.5", "2"],
        ["sin phi", "3", "17.5", "3"],
        ["map", "0.5", "0.5", "4"],
    ]
    # Not the line of reference, not the bar of colours.
    assert len(rows) == 2 + 2 + 4 + 2 + 3 + 4


def test_numbers_along_an_axis_are_text_and_powers_of_ten_formulas():
    with canvas(6, 3) as figure:
        left, right = figure.subplots(1, 2)
        left.plot([-1, 1], [0, 3e6])
        right.semilogy([-0.5, 0.5], [1e-3, 10])
        plain_ticks(figure)
        figure.draw_without_rendering()
        texts = [tick.get_text() for tick in left.get_xticklabels() + left.get_yticklabels()]
        assert not any("$" in text for text in texts)
        assert {"\N{MINUS SIGN}0.5", "2.5"} <= set(texts)
        assert "10^{6}" in left.yaxis.get_offset_text().get_text()
        assert all("10^{" in tick.get_text() for tick in right.get_yticklabels())


def saved(svg):
    """PDF and CSV in the head of an SVG element."""
    head = svg[: svg.index(">")]
    found = (re.search(rf'data-{kind}="([^"]*)"', head) for kind in ("pdf", "csv"))
    pdf, table = (None if one is None else one[1] for one in found)
    return pdf and base64.b64decode(pdf), table and html.unescape(table)


def test_a_figure_carries_both_and_a_formula_neither():
    with canvas(2, 2) as figure:
        figure.subplots().plot([1, 2], [3, 4], label='a "quoted" & <marked> name')
        pdf, table = saved(to_svg(figure, "a", "b"))
        assert saved(to_svg(figure, "a", "b", saved=False)) == (None, None)
    assert pdf.startswith(b"%PDF-")
    assert b"CreationDate" not in pdf
    assert rows_of(table)[0][3] == 'a "quoted" & <marked> name'


def test_every_figure_of_a_page_can_be_saved(molecule):
    page = molecule.report.read_text(encoding="utf-8")
    figures = re.findall(r'<figure id="([a-z_]+)".*?(<svg.*?>)', page, re.DOTALL)
    assert len(figures) > 8
    for name, head in figures:
        pdf, table = saved(head)
        assert pdf.startswith(b"%PDF-"), name
        assert len(rows_of(table)) > 1, name


CHILDREN = {"mfrac": 2, "msup": 2, "msub": 2, "msubsup": 3}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-4.23 + 39.5*height_O1_CA2", "q=−4.23+39.5hO1 CA2"),
        ("2*sin(phi)**2/(1 + exp(-d))", "q=2sin2φ1+exp(−d)"),
        ("sqrt(d) - 1e-05*chi1**2", "q=−1×10−5χ12+d"),
        ("log(exp(x) + exp(y_long))", "q=log(expx+expy_long)"),
        ("G5_Cl_O_025_z16_m**2 + tanh(3*rho)", "q=G5,Cl O,0.25,16,−2+tanh(3ρ)"),
    ],
)
def test_formulas_as_mathml(text, shown):
    root = ET.fromstring(mathml(latex(parse(text))))
    assert root.tag == "math"
    for part in root.iter():
        if wanted := CHILDREN.get(part.tag):
            assert len(part) == wanted
    found = "".join(root.itertext()).replace("\N{FUNCTION APPLICATION}", "")
    assert sorted(found) == sorted(shown)


def test_what_is_no_formula_has_no_mathml():
    for text in (r"\frac{1}", r"\left(x", r"\unknown{x}", "x_", "{x", r"\mathrm{x"):
        assert mathml(text) is None
