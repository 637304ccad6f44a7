"""Columns of words as plain text."""

from __future__ import annotations

from collections.abc import Sequence

GAP = "  "


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns to the right under their names, with a line between.

    >>> print(aligned(("class", "items"), [("0", "12"), ("1", "3")]))
    class  items
    ------------
        0     12
        1      3
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        GAP.join(word.rjust(width) for word, width in zip(row, widths, strict=True))
        for row in (head, *rows)
    ]
    return "\n".join((lines[0], "-" * len(lines[0]), *lines[1:]))
