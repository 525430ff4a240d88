"""Style of figures: colours and sizes, and SVG for the inside of a page."""

import base64
import html
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.formula.typeset import GREEK, name_latex
from mechanist.report.figures.figure_data import figure_csv
from mechanist.systems.descriptors.descriptor_set import Descriptor

# Colours of Okabe and Ito, distinguishable with every kind of colour vision.
A_COLOUR = "#0072B2"
B_COLOUR = "#D55E00"
NETWORK = "#3C3C46"
FORMULA = "#009E73"
MARK = "#CC79A7"
MUTED = "#8A8F98"
GRID = "#E3E6EA"

FULL, HALF = 10.2, 4.95
"""Widths of figures in inches, which are also those on the page."""

RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10,
    "axes.edgecolor": "#70757D",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": True,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "xtick.color": "#3C3C46",
    "ytick.color": "#3C3C46",
    "legend.fontsize": 9.5,
    "legend.framealpha": 0.85,
    "legend.edgecolor": "white",
    "legend.fancybox": False,
    "lines.linewidth": 1.6,
    "svg.fonttype": "path",
    "svg.hashsalt": "mechanist",
    "mathtext.fontset": "dejavusans",
}

NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}


@dataclass(frozen=True)
class Picture:
    """A figure of the page: title, SVG and caption."""

    name: str
    title: str
    svg: str
    caption: str
    wide: bool = True

    def _repr_html_(self) -> str:
        """The figure in a notebook."""
        return f"<figure>{self.svg}<figcaption>{self.caption}</figcaption></figure>"


@contextmanager
def canvas(width: float, height: float) -> Iterator[Any]:
    """Give an empty matplotlib Figure of this size in inches, in the style of the page."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(RC):
        yield Figure(figsize=(width, height), layout="constrained")


Marks = list[tuple[int, list[tuple[float, float]]]]
"""Number of a typical path, and a place in the SVG for each of its frames."""


def plain_ticks(figure: Any) -> None:
    """Set numbers along linear axes as text; powers of ten at their ends stay formulas.

    matplotlib would set each number as a formula too, half of the time that a figure takes.
    """
    from matplotlib.ticker import ScalarFormatter

    class PlainTicks(ScalarFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            text: str = super().__call__(x, pos)
            return text.removeprefix(r"$\mathdefault{").removesuffix("}$")

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if type(axis.get_major_formatter()) is ScalarFormatter:
                axis.set_major_formatter(PlainTicks())


def points_of(figure: Any, axes: Any, x: Array, y: Array) -> list[tuple[float, float]]:
    """Places (x, y) of data in the SVG of a finished figure, in units of its viewBox."""
    plain_ticks(figure)
    figure.draw_without_rendering()
    pixels = axes.transData.transform(np.column_stack([x, y])) * 72 / figure.dpi
    height = 72 * figure.get_figheight()
    return [(round(float(a), 1), round(float(height - b), 1)) for a, b in pixels]


def to_svg(
    figure: Any, name: str, label: str, marks: Marks | None = None, *, saved: bool = True
) -> str:
    """SVG element of a figure for the inside of an HTML page.

    Parameters
    ----------
    figure
        A matplotlib Figure; call this inside `canvas`.
    name
        Prefix of all ids, so that those of several figures do not clash.
    label
        Alternative text.
    marks
        Where the viewer of the molecule marks the frame that it shows.
    saved
        Whether the element carries the figure as PDF and its numbers as CSV, for the buttons.
    """
    buffer = io.StringIO()
    plain_ticks(figure)
    figure.savefig(buffer, format="svg", dpi=150, metadata=NO_METADATA, transparent=True)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s+xmlns(:\w+)?=\"[^\"]*\"", "", text)
    text = re.sub(r"\bid=\"", f'id="{name}-', text)
    text = text.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    size = re.search(r'<svg\s+[^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    label = label.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    # Points of the viewBox to CSS pixels, so that letters have the same size in all figures.
    width = float(size[1]) * 4 / 3 if size else 400.0
    head = f'<svg role="img" aria-label="{label}" style="width:{width:.0f}px"'
    if marks:
        plain = [{"path": path, "points": points} for path, points in marks]
        head += f" data-marks='{json.dumps(plain, separators=(',', ':'))}'"
    if saved:
        head += _to_save(figure)
    return text.replace("<svg", head, 1)


def _to_save(figure: Any) -> str:
    """Attributes with the PDF in base64 and the CSV, each only if there is one."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    pdf = io.BytesIO()
    empty = {"Creator": None, "Producer": None, "CreationDate": None}
    # Everything has its place since the SVG was made; savefig would place it again before it draws.
    figure.set_layout_engine("none")
    FigureCanvasPdf(figure).print_pdf(pdf, metadata=empty)  # type: ignore[no-untyped-call]
    found = f' data-pdf="{base64.b64encode(pdf.getvalue()).decode()}"'
    numbers = figure_csv(figure)
    return found + (f' data-csv="{html.escape(numbers)}"' if numbers else "")


def grid(axes: Any, axis: str = "both") -> None:
    """Faint lines behind the data."""
    axes.grid(visible=True, axis=axis, color=GRID, linewidth=0.8)


def thousands() -> Any:
    """Tick labels such as 12,000."""
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, _: f"{value:,.0f}")


def whole_numbers(axes: Any) -> None:
    """Ticks of the x axis at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def scale(descriptor: Descriptor) -> float:
    """Factor from stored values to shown ones: angles are shown in degrees."""
    return 180 / np.pi if descriptor.unit == "rad" else 1.0


def unit(descriptor: Descriptor) -> str:
    """Shown unit."""
    return "degrees" if descriptor.unit == "rad" else descriptor.unit


def axis_label(descriptor: Descriptor) -> str:
    """Name and unit, if it has one, for an axis."""
    if descriptor.unit == "1":
        return f"${name_latex(descriptor.name)}$"
    return f"${name_latex(descriptor.name)}$ ({unit(descriptor)})"


def plain_name(name: str) -> str:
    """Name of a descriptor in running text: a Greek letter for phi, spaces for underscores."""
    letters = {"lambda": "\N{GREEK SMALL LETTER LAMDA}"}
    if name in GREEK:
        import unicodedata

        return letters.get(name) or unicodedata.lookup(f"GREEK SMALL LETTER {name.upper()}")
    return name.replace("_", " ")
