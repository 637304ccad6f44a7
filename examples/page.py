"""Writes ``docs/examples.md`` and the gallery from what the examples wrote into ``docs/examples``.

``python examples --output docs/examples && python examples/page.py`` makes all of it anew.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from results import Measure, table, verdict

EXAMPLES = Path(__file__).parent
DOCS = EXAMPLES.parent / "docs"
SHARED = ("__main__", "common", "page", "results")
SCRIPTS = tuple(sorted(path.stem for path in EXAMPLES.glob("*.py") if path.stem not in SHARED))
"""Every other file of the folder is an example."""
HEAD = """# Examples

Each example answers one question with a short script, over several seeds. It prints a table and
which setting won, and draws a figure. `--quick` makes it a matter of seconds, `--seeds N` sets the
number of seeds, `--output FOLDER` says where the figure goes. Run them in a checkout of this
repository:

```sh
pip install -c constraints.txt ".[examples]"
python examples/{first}.py --quick
python examples --quick
```

The last line runs all examples. Numbers are means ± standard deviations over seeds. A setting won
if its lead over every other one, taken seed by seed, has a 95 % interval (Student's t) above 0;
otherwise nothing won. These are small data sets and small models: they show how losses are used and
what they do, not which is best for your data.
"""


GALLERY = """# Gallery

What people ask about weights and losses, and what came out. Each figure links to what was measured,
and to the script that measured it.

<div class="grid cards" markdown>
"""


def gallery(folder: Path) -> str:
    """The figures of all examples, each with its question."""
    return "\n".join([GALLERY, *map(_card, _found(folder).items()), "</div>", ""])


def _card(example: tuple[str, dict[str, Any]]) -> str:
    name, result = example
    picture = f"![{result['question']}](examples/{name}.png)"
    return f"* [{picture}](examples.md#{name})\n\n    [{result['question']}](examples.md#{name})\n"


def _found(folder: Path) -> dict[str, dict[str, Any]]:
    """What each script measured."""
    return {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in SCRIPTS}


def page(folder: Path) -> str:
    """All examples, from the JSON files in that folder."""
    found = _found(folder)
    contents = [f"* [{result['question']}](#{name})" for name, result in found.items()]
    parts = ["\n".join(_part(name, result)) for name, result in found.items()]
    return "\n".join([HEAD.format(first=SCRIPTS[0]), *contents, "", *parts])


def _part(name: str, result: dict[str, Any]) -> Iterator[str]:
    measures = [Measure(**measure) for measure in result["measures"]]
    head, *rows = table(result["scores"], measures)
    versions = ", ".join(f"{package} {version}" for package, version in result["versions"].items())
    seeds = len(next(iter(result["scores"].values())))
    yield f"## {name}\n\n**{result['question']}** `python examples/{name}.py`\n"
    yield f"{_about(name)}\n"
    yield f"![{result['question']}](examples/{name}.png)\n"
    yield f"| {' | '.join(head)} |\n|---|{'---:|' * len(measures)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    for sentence in (verdict(result["scores"], measures[0]), *result["notes"]):
        yield f"\n{sentence}"
    yield f"\nMeasured on {result['date']} with {seeds} seeds; {versions}.\n"


def _about(name: str) -> str:
    """What the script says of itself after its question."""
    documented = ast.get_docstring(ast.parse((EXAMPLES / f"{name}.py").read_text("utf-8"))) or ""
    return documented.partition("\n\n")[2].replace("``", "`")


if __name__ == "__main__":
    for name, make in (("examples", page), ("gallery", gallery)):
        (DOCS / f"{name}.md").write_text(make(DOCS / "examples"), encoding="utf-8")
