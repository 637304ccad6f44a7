"""Which loss is compared with the oracle on which backend, by which route and how often."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from wce_conformance.adapters import NAMES, adapter
from wce_conformance.calls import supports
from wce_core.losses.registry import LOSSES, REGIONS

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "core" / "test_cases.py"
TITLES = {
    "numpy": "NumPy",
    "array_api_strict": "strict",
    "torch": "PyTorch",
    "jax": "JAX",
    "tensorflow": "TensorFlow",
}
HEAD = """# Losses, backends, modes

Every loss runs on every backend, in every mode, native and exact, with its gradient. How do we
know? By calls whose value and gradient an oracle of sixty digits has computed. The table says how
many of them `{test}` makes, for each loss by each route to a gradient, native and exact. Routes
that compile are slow: the usual run sees a sample there, in which a call is native or exact; the
number in brackets is that of `nox -s thorough`. A sample has every loss, weighting and reduction,
on JAX every weighting and reduction of each loss. (PyTorch compiles each loss in
`tests/backends/test_torch_modules.py::test_compiled`, too.) *strict* is array-api-strict, for any
array of the standard; it has no half types. *functional* is `torch.func`, *XLA*
`tf.function(jit_compile=True)`.

Made when this site is built, from the registry of losses, the adapters and that test.

"""


class Column(NamedTuple):
    """A way to run a loss."""

    backend: str
    route: str


def columns() -> list[Column]:
    """Every route of every backend."""
    return [Column(name, route) for name in NAMES for route in adapter(name).routes]


def page() -> str:
    """The page in Markdown."""
    heads = [f"{TITLES[each.backend]} {_shown(each.route)}" for each in columns()]
    head = f"| loss | {' | '.join(heads)} |\n|---|{'---:|' * len(heads)}\n"
    return (
        HEAD.format(test=CASES.relative_to(ROOT)) + head + "".join(map(_row, (*LOSSES, *REGIONS)))
    )


def _row(loss: str) -> str:
    return f"| `{loss}` | {' | '.join(_cell(loss, each) for each in columns())} |\n"


def _shown(route: str) -> str:
    return "XLA" if route == "xla" else route


def _cell(loss: str, column: Column) -> str:
    usual, all_of_them = counted(loss, column)
    return str(usual) if usual == all_of_them else f"{usual} ({all_of_them})"


def counted(loss: str, column: Column) -> tuple[int, int]:
    """How many calls of a loss the test makes by a route: in the usual run, and in a whole one."""
    found, framework = _test(), adapter(column.backend)
    own = [v for v in found.VECTORS if v.loss == loss and supports(v.case, framework)]
    return sum(bool(found.precisions(vector, *column)) for vector in own), len(own)


@cache
def _test() -> ModuleType:
    """The test itself, which knows its cases and how many of them it sees."""
    spec = importlib.util.spec_from_file_location("test_cases", CASES)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
