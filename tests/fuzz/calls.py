"""Whole calls: several that differ in their numbers alone, so that replays meet other numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import strategies as st

from wce_conformance.adapters import Adapter
from wce_conformance.cases import Case, Tensor
from wce_conformance.oracle import LOSSES

from .draft import Draft, drafts
from .options import MAKERS, parameters
from .spoiling import ignored, spoiled

ARRAYS = ("predictions", "targets")
DRAWN_WITH_THE_SHAPE = ("axis", "candidates")
"""And candidates as the targets that they are."""
NOT_OF_THE_ORACLE = ("precision", "validate", "dtype")
"""Options that change no exact number."""
FLUSHING = ("jax", "tensorflow")
"""They read subnormal numbers as 0, and nothing is promised there."""


@dataclass(frozen=True)
class Call:
    """Cases of the same shapes, dtypes and options, one after another.

    ``options``: those that the oracle does not know. ``configured``: by a configured loss, which
    holds what it is not called with. ``wrt``: arguments to differentiate to beside the predictions.
    """

    cases: tuple[Case, ...]
    options: Mapping[str, Any]
    configured: bool
    wrt: tuple[str, ...]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Short: a failure shows it as Python, and Hypothesis warns of what is long."""
        del cycle
        printer.text(f"{len(self.cases)} calls of {self.cases[0].loss}")

    @property
    def precision(self) -> str:
        """Native unless asked for otherwise."""
        return str(self.options.get("precision", "native"))


@st.composite
def calls(draw: st.DrawFn, adapter: Adapter, most: int = 2) -> Call:
    """A call that a framework can make, with up to so many sets of numbers."""
    loss = draw(st.sampled_from(tuple(LOSSES)))
    draft = draw(drafts(adapter, loss, flushed=adapter.name in FLUSHING))
    given = _arguments(draw, draft)
    arrays = {name: MAKERS[name](draw, draft) for name in ARRAYS}
    cases = tuple(_case(draw, draft, arrays, given) for _ in range(draw(st.integers(1, most))))
    options = {name: given[name] for name in NOT_OF_THE_ORACLE if name in given}
    differentiable = [n for n in cases[0].differentiable() if _floating(cases[0], n)]
    wrt = tuple(name for name in differentiable if draw(st.booleans()))
    held = (a for a in cases[0].arguments.values() if isinstance(a, Tensor))
    # A loss that holds weights of no labels is refused when it is made.
    configured = all(a.data for a in held) and draw(st.booleans())
    return Call(cases, options, configured, wrt)


def _arguments(draw: st.DrawFn, draft: Draft) -> dict[str, Any]:
    """Some of the parameters, in their order; what equals its default is left out.

    But those of a single loss are always given: the oracle has no defaults for some.
    """
    own = LOSSES[draft.loss].own
    for name, parameter in parameters(draft.loss).items():
        if name in (*ARRAYS, *DRAWN_WITH_THE_SHAPE):
            continue
        needed = parameter.default is parameter.empty or name in own
        if not needed and not draw(st.booleans()):
            continue
        argument = MAKERS[name](draw, draft)
        if name in own or isinstance(argument, st.SearchStrategy) or argument != parameter.default:
            draft.options[name] = argument
    return draft.options


def _case(
    draw: st.DrawFn, draft: Draft, arrays: Mapping[str, Any], given: Mapping[str, Any]
) -> Case:
    """One set of numbers."""
    known = {n: argument for n, argument in given.items() if n not in NOT_OF_THE_ORACLE}
    own = {n: draw(a) if isinstance(a, st.SearchStrategy) else a for n, a in known.items()}
    case = Case(
        id="fuzz",
        loss=draft.loss,
        dtype=given.get("dtype", draft.dtype),
        predictions=draw(arrays["predictions"]),
        targets=draw(arrays["targets"]),
        arguments=own,
        comment="",
        flags=(),
    )
    if "ignore_index" in own:
        case = ignored(case, Random(draw(st.integers(0, 2**16))))
    if ("ignore_index" in own or "mask" in own) and draw(st.booleans()):
        case = spoiled(case, draft, Random(draw(st.integers(0, 2**16))))
    return case


def _floating(case: Case, name: str) -> bool:
    array = case.targets if name == "targets" else case.arguments[name]
    return isinstance(array, Tensor) and "float" in array.dtype
