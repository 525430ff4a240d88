"""The LaTeX of formulas as MathML, which word processors paste and screen readers read.

Only what `mechanist.formula.typeset.latex` writes is understood: sums, products, fractions, roots,
powers, indices, functions, Greek letters and upright names (MathML Core, W3C).
"""

import re
from xml.sax.saxutils import escape

from mechanist.formula.typeset import GREEK
from mechanist.report.figures.style import plain_name

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\s+|.")
FUNCTIONS = ("sin", "cos", "tanh", "exp", "log")
SIGNS = {"-": "\N{MINUS SIGN}", r"\times": "×", "*": "×", r"\prime": "′"}


def mathml(latex: str) -> str | None:
    """MathML element of ``q = latex`` for HTML; None if the LaTeX holds something else."""
    tokens = [token for token in TOKEN.findall(latex) if token.strip()]
    try:
        body = _Reader(tokens).row()
    except (IndexError, ValueError):
        return None
    head = '<math display="block">'
    return f"{head}<mrow><mi>q</mi><mo>=</mo>{body}</mrow></math>"


class _Reader:
    """Recursive descent over tokens."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.place = 0

    def row(self, end: str | None = None) -> str:
        """Everything up to ``end``, or to the end of the text."""
        parts: list[str] = []
        while self.place < len(self.tokens):
            if self.tokens[self.place] == end:
                self.place += 1
                return f"<mrow>{''.join(parts)}</mrow>"
            parts.append(self.scripted())
        if end is not None:
            raise ValueError(end)
        return f"<mrow>{''.join(parts)}</mrow>"

    def scripted(self) -> str:
        """One piece with its index and power."""
        applied = self.tokens[self.place][1:] in FUNCTIONS
        body, below, above = self.piece(), None, None
        while self.place < len(self.tokens) and self.tokens[self.place] in "_^":
            sign = self.next()
            if sign == "_":
                below = self.group()
            else:
                above = self.group()
        if below and above:
            body = f"<msubsup>{body}{below}{above}</msubsup>"
        elif below:
            body = f"<msub>{body}{below}</msub>"
        elif above:
            body = f"<msup>{body}{above}</msup>"
        return body + ("<mo>&#8289;</mo>" if applied else "")

    def next(self) -> str:
        """The next token."""
        self.place += 1
        return self.tokens[self.place - 1]

    def group(self) -> str:
        """What stands in braces, or one piece."""
        if self.tokens[self.place] == "{":
            self.place += 1
            return self.row("}")
        return self.piece()

    def piece(self) -> str:
        """One token, or a command with what it takes."""
        token = self.next()
        name = token[1:]
        if token == "{":
            return self.row("}")
        if token == r"\frac":
            return f"<mfrac>{self.group()}{self.group()}</mfrac>"
        if token == r"\sqrt":
            return f"<msqrt>{self.group()}</msqrt>"
        if token == r"\mathrm":
            return self.upright()
        if token == r"\left" and self.next() == "(":
            return f"<mrow><mo>(</mo>{self.bracketed()}<mo>)</mo></mrow>"
        if token == r"\,":
            return '<mspace width="0.17em"/>'
        if name in FUNCTIONS and token[0] == "\\":
            return f"<mi>{name}</mi>"
        if name in GREEK and token[0] == "\\":
            return f"<mi>{plain_name(name)}</mi>"
        if token in SIGNS or token in "+()=":
            return f"<mo>{SIGNS.get(token, token)}</mo>"
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if len(token) == 1 and (token.isalpha() or token in ",'"):
            return f"<mi>{escape(token)}</mi>"
        raise ValueError(token)

    def bracketed(self) -> str:
        r"""What stands before the matching ``\right)``."""
        body = self.row(r"\right")
        if self.next() != ")":
            raise ValueError("bracket")
        return body

    def upright(self) -> str:
        """A name in upright letters; of several parts each keeps its place."""
        if self.next() != "{":
            raise ValueError("name")
        depth, text = 1, ""
        while depth:
            token = self.next()
            depth += {"{": 1, "}": -1}.get(token, 0)
            text += {r"\,": " ", r"\_": "_", r"\prime": "′", "^": "", "{": "", "}": ""}.get(
                token, token
            )
        return f'<mi mathvariant="normal">{escape(text)}</mi>'
