"""The formula as an image, typeset by matplotlib and broken into lines where it is long."""

import re

from mechanist.report.figures.style import FULL, canvas, to_svg

SIZE = 17
"""Points of the letters."""
LINE_HEIGHT, FRACTION_HEIGHT = 0.42, 0.72
"""Inches of a line, without and with a fraction."""


def split_terms(latex: str) -> list[str]:
    r"""Terms of a sum, each with its sign, split only outside brackets and braces.

    Parameters
    ----------
    latex
        Such as ``1.2 - \sin\left(\phi + 1\right)``.

    Returns
    -------
    list of str
        Such as ``["1.2", "- \sin\left(\phi + 1\right)"]``.
    """
    terms, depth, current = [], 0, ""
    for token in re.findall(r"\\[A-Za-z]+|\\.|.", latex, flags=re.DOTALL):
        if token in ("{", "(", "[", r"\{"):
            depth += 1
        elif token in ("}", ")", "]", r"\}"):
            depth -= 1
        # A sign starts a term only after a blank: "10^{-3}" and "- x" at the head do not.
        if token in "+-" and depth == 0 and current.strip() and current.endswith(" "):
            terms.append(current.strip())
            current = ""
        current += token
    return [*terms, current.strip()]


def display(latex: str) -> str:
    """Fractions at full size, as in a formula on a line of its own."""
    return latex.replace(r"\frac", r"\dfrac")


def _width(latex: str) -> float:
    """Inches that a line takes."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser

    latex = display(latex)
    box = MathTextParser("path").parse(f"${latex}$", dpi=72, prop=FontProperties(size=SIZE))
    return float(box.width) / 72


def break_lines(latex: str, width: float) -> list[str]:
    """Lines of at most ``width`` inches where terms allow it; the first begins with ``q =``.

    Raises
    ------
    ValueError
        If matplotlib cannot read the LaTeX.
    """
    lines, current = [], "q = "
    empty = True
    for term in split_terms(latex):
        trial = f"{current} {term}"
        if not empty and _width(trial) > width:
            lines.append(current)
            current, empty = r"\quad " + term, False
        else:
            current, empty = trial, False
    return [*lines, current]


def formula_svg(latex: str, name: str = "formula", width: float = FULL - 1.2) -> str | None:
    """SVG of ``q = latex``, or None if matplotlib cannot read it.

    The page shows such a formula as text. Ids in the SVG begin with ``name``; lines are
    broken at ``width`` inches.
    """
    with canvas(width, 1.0) as figure:
        from matplotlib import rc_context

        with rc_context({"mathtext.fontset": "stix"}):
            try:
                lines = break_lines(latex, width - 0.4)
                tall = any(r"\frac" in line for line in lines)
                height = FRACTION_HEIGHT if tall else LINE_HEIGHT
                figure.set_size_inches(max(width, *map(_width, lines)), height * len(lines))
                for i, line in enumerate(lines):
                    centre = 1 - (i + 0.5) / len(lines)
                    figure.text(0.005, centre, f"${display(line)}$", va="center", fontsize=SIZE)
                return to_svg(figure, name, f"Formula: q = {latex}", saved=False)
            except ValueError:
                return None
