"""The ways in which backends evaluate a loss, each forced, and a record of what ran.

Backends choose by size, device and trace; small cases alone would always take the same way.
"""

from __future__ import annotations

import functools
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from wce_backends import numpy, programs
from wce_backends.fast import ops as looped
from wce_backends.fast import switch, threads
from wce_core.arrays import compiled, eager
from wce_core.evaluation import blocks, evaluate

HUGE = 2**60


class Way(NamedTuple):
    """``settings`` are attributes of the backend's module; ``runs``: what must run in every case.

    ``route`` is the adapter's; ``every``: one in how many cases (test_cases.py runs all of them,
    by the way that their size takes); ``least``: in which share of them. Single numbers have ways
    of their own, and so has a value without a gradient.
    """

    runs: str
    settings: dict[str, Any]
    route: str = "eager"
    every: int = 6
    least: float = 0.5


def _torch_plain(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    del module
    monkeypatch.setattr("wce_backends.torch.backend.transformed", lambda *arrays: True)
    monkeypatch.setattr("wce_backends.torch.backend.unusual", lambda *call: True)


def _jax_plain(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    @functools.partial(jax.jit, static_argnums=0)
    def program(spec: Any, arrays: Any) -> Any:
        with module.BACKEND.scope():
            return evaluate.plain(module.BACKEND, spec, arrays)

    monkeypatch.setattr(module, "_program", program)


def _tensorflow_plain(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_run", lambda be, spec, tensors: evaluate.plain(be, spec, tensors))


def _deferred(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_on_host", module._deferred)


def _replayed(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"OFTEN": 0, "MANY": HUGE, "SHARE": 1}.items():
        monkeypatch.setattr(programs, name, value)
    monkeypatch.setattr(numpy, "PROGRAMS", numpy.PROGRAMS.anew())
    monkeypatch.setattr(numpy, "FEW", HUGE)


def _in_pieces(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module._Closed, "many_classes", 1)
    monkeypatch.setattr(compiled, "LONGEST", 3)


def _one_sum(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    del module
    monkeypatch.setattr(eager, "FEW", 0)
    monkeypatch.setattr(eager, "FEW_CLASSES", 0)


def _side_by_side(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few classes, by two threads: no other number of them would be read so."""
    del module
    monkeypatch.setattr(looped, "FEW_CLASSES", HUGE)
    monkeypatch.setattr(threads, "LEAST", 1)
    monkeypatch.setattr(threads, "number", lambda: 2)


def _looped_rows(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _replayed(module, monkeypatch)
    monkeypatch.setattr(looped, "FEW_CLASSES", 0)


Change = Callable[[Any, pytest.MonkeyPatch], None]
CHANGES: dict[tuple[str, str], Change] = {
    ("numpy", "loops, side by side"): _side_by_side,
    ("numpy", "loops, rows"): _looped_rows,
    ("torch", "loops"): _looped_rows,
    ("tensorflow", "loops"): _looped_rows,
    ("numpy", "replayed"): _replayed,
    ("numpy", "one sum"): _one_sum,
    ("torch", "plain"): _torch_plain,
    ("torch", "replayed"): _replayed,
    ("torch", "one sum"): _one_sum,
    ("tensorflow", "replayed"): _replayed,
    ("jax", "plain"): _jax_plain,
    ("jax", "rows in pieces"): _in_pieces,
    ("tensorflow", "rows in pieces"): _in_pieces,
    ("tensorflow", "plain"): _tensorflow_plain,
    ("tensorflow", "device, eager"): _deferred,
}
MODULES = {
    "numpy": "wce_backends.numpy",
    "array_api_strict": "wce_backends.generic",
    "torch": "wce_backends.torch.calls",
    "jax": "wce_backends.jax",
    "tensorflow": "wce_backends.tensorflow.backend",
}
TWO = SimpleNamespace(number=lambda: 2, mapped=threads.mapped)
WAYS: dict[str, dict[str, Way]] = {
    "numpy": {
        "whole": Way("fused", {"BLOCK": HUGE, "PARALLEL": HUGE}),
        "blocks": Way("blocks", {"BLOCK": 1, "PARALLEL": HUGE}),
        "threads": Way("blocks", {"PARALLEL": 0, "PARALLEL_BLOCK": 1, "threads": TWO}),
        "turned": Way("fused", {"MANY": 0, "PARALLEL": HUGE}),
        "replayed": Way("program", {}),
        "one sum": Way("one sum", {"BLOCK": HUGE, "PARALLEL": HUGE}, least=0.2),
    },
    "array_api_strict": {
        "value by plain": Way("plain", {}),
        "gradient by closed form": Way("fused", {}),
    },
    "torch": {
        "few, by NumPy": Way("fused", {"FEW": HUGE}),
        "replayed": Way("program", {"FEW": HUGE}, least=0.25),
        "blocks": Way("blocks", {"FEW": -1, "CPU_BLOCK": 1}),
        "one block": Way("fused", {"FEW": -1, "CPU_BLOCK": HUGE}),
        "one sum": Way("one sum", {"FEW": -1, "CPU_BLOCK": HUGE}, least=0.2),
        "plain": Way("plain", {}),
        # The route of test_cases.py; losses of single regions take the plain formula.
        "compiled": Way("fused", {}, "compiled", 160, least=0.25),
        "programs": Way("compiled", {}, "programs", 160, least=0.25),
    },
    "jax": {
        # The route of test_cases.py.
        "closed form": Way("fused", {}, every=240),
        "rows in pieces": Way("pieces", {}, every=96, least=0.2),
        "plain": Way("plain", {}, every=96),
    },
    "tensorflow": {
        "replayed": Way("program", {"LARGE": HUGE}, least=0.25),
        "host": Way("fused", {"LARGE": 0}),
        "device, eager": Way("deferred", {}, every=64),
        "graph": Way("fused", {"LARGE": HUGE}, "compiled", 160),
        "rows in pieces": Way("pieces", {"LARGE": HUGE}, "compiled", 80, least=0.1),
        "graph by XLA": Way("fused", {"LARGE": 0}, "compiled", 160),
        "plain": Way("plain", {}, every=64),
    },
}


LOOPED: dict[str, dict[str, Way]] = {
    "numpy": {
        # Of probabilities no loop is compiled.
        "loops": Way("loops", {}, every=8, least=0.3),
        "loops, side by side": Way("loops", {}, every=12, least=0.3),
        "loops, threads": Way("loops", {"LOOPED_BLOCK": 2, "threads": TWO}, every=12, least=0.3),
        "loops, rows": Way("loops", {}, every=12, least=0.3),
    },
    "torch": {"loops": Way("loops", {}, every=24, least=0.2)},
    "tensorflow": {"loops": Way("loops", {"LARGE": HUGE}, every=32, least=0.2)},
}
"""By loops that Numba compiles; the other ways are without it, whether it is there or not."""
if find_spec("numba"):
    WAYS = {name: {**ways, **LOOPED.get(name, {})} for name, ways in WAYS.items()}


def forget(backend: str) -> None:
    """Programs that other tests have compiled, which would run without being traced."""
    if backend == "jax":
        import jax

        jax.clear_caches()


@contextmanager
def forced(backend: str, name: str) -> Iterator[Counter[str]]:
    """The way, taken by every call within; what ran is counted."""
    way, module = WAYS[backend][name], import_module(MODULES[backend])
    counts: Counter[str] = Counter()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(programs, "OFTEN", HUGE)
        monkeypatch.setattr(numpy, "PROGRAMS", numpy.PROGRAMS.anew())
        monkeypatch.setattr(switch, "_USED", way.runs == "loops")
        for attribute, value in way.settings.items():
            monkeypatch.setattr(module, attribute, value)
        change = CHANGES.get((backend, name))
        if change is not None:
            change(module, monkeypatch)
        _count(monkeypatch, counts)
        yield counts


def _count(monkeypatch: pytest.MonkeyPatch, counts: Counter[str]) -> None:
    for name in ("plain", "fused"):
        counted = _counted(getattr(evaluate, name), name, counts)
        monkeypatch.setattr(evaluate, name, counted)
    monkeypatch.setattr(blocks, "fused", evaluate.fused)
    monkeypatch.setattr(blocks, "Blocks", _counted(blocks.Blocks, "blocks", counts))
    _count_programs(monkeypatch, counts)
    pieces = _counted(compiled.Fused._in_pieces, "pieces", counts)
    monkeypatch.setattr(compiled.Fused, "_in_pieces", pieces)
    one_sum = _counted(eager.OneByOne._by_one_sum, "one sum", counts)
    monkeypatch.setattr(eager.OneByOne, "_by_one_sum", one_sum)
    monkeypatch.setattr(looped, "_loop", _counted(looped._loop, "loops", counts))
    of_torch = sys.modules.get("wce_backends.torch.compiled")
    if of_torch is not None:
        monkeypatch.setattr(of_torch, "_found", _counted(of_torch._found, "compiled", counts))
    deferred = _counted(evaluate.deferred, "deferred", counts)
    monkeypatch.setattr(evaluate, "deferred", deferred)


def _count_programs(monkeypatch: pytest.MonkeyPatch, counts: Counter[str]) -> None:
    outcome = programs.Programs.outcome

    def counted(*args: Any, **kwargs: Any) -> Any:
        found = outcome(*args, **kwargs)
        counts["program"] += found is not None
        return found

    monkeypatch.setattr(programs.Programs, "outcome", counted)


def _counted(function: Callable[..., Any], name: str, counts: Counter[str]) -> Callable[..., Any]:
    @functools.wraps(function, updated=())
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        counts[name] += 1
        return function(*args, **kwargs)

    return wrapper
