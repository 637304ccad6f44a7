"""An explanation as a table of rich."""

from __future__ import annotations

from io import StringIO

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table

from .result import ClassShare, Explanation

WIDTH = 100
SHOWN = 20
"""Classes in the table; of more, those with the largest shares of the gradient."""


def text(explanation: Explanation) -> str:
    """As plain text."""
    console = Console(file=StringIO(), width=WIDTH, color_system=None, highlight=False)
    console.print(renderable(explanation))
    assert isinstance(console.file, StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().rstrip().split("\n"))


def renderable(explanation: Explanation) -> RenderableType:
    """Headline, one line per class, warnings."""
    warnings = [f"! {warning}" for warning in explanation.warnings]
    return Group(_headline(explanation), _classes(explanation.classes), *warnings)


def _headline(explanation: Explanation) -> str:
    items = explanation.weights.size
    counted = f"{items} items, {explanation.excluded} of them excluded"
    if explanation.denominator is None:
        return f'{counted}; reduction "{explanation.reduction}" divides by nothing'
    total = float(explanation.losses.sum())
    return (
        f'{counted}; reduction "{explanation.reduction}": '
        f"{total:.6g} / {explanation.denominator:.6g} = {explanation.value:.6g}"
    )


def _classes(classes: tuple[ClassShare, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("class", "items", "weight Σω", "of the loss", "of the gradient"):
        table.add_column(name, justify="right")
    largest = sorted(classes, key=lambda share: -share.gradient)[:SHOWN]
    for share in sorted(largest, key=lambda share: share.label):
        shares = (f"{share.loss:.1%}", f"{share.gradient:.1%}")
        table.add_row(str(share.label), str(share.items), f"{share.weight:.6g}", *shares)
    if len(classes) > SHOWN:
        table.caption = f"the {SHOWN} of {len(classes)} classes with the largest gradients"
    return table
