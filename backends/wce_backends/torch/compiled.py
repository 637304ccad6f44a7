"""Eager calls as programs of PyTorch's compiler: few kernels that visit memory once.

On an accelerator each operation is a kernel that reads and writes all of its arrays. So a call is
compiled there when it comes for the first time: one program of the value for the forward pass,
which keeps nothing but its inputs, and one of the gradient times the cotangent for the backward
pass. Both take the exponentials; a gradient that is kept in between would be written and read once
more.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

import torch
from torch._C._functorch import is_legacy_batchedtensor
from torch._dynamo.exc import FailOnRecompileLimitHit, TorchDynamoException
from torch.utils._triton import has_triton

from wce_core.evaluation import evaluate
from wce_core.evaluation.spec import LossSpec
from wce_core.frameworks import compiling
from wce_core.types import Array

from .functions import product
from .nodes import NODES, allow_in_graph, read, written
from .tensors import PLAIN, traced, watched

WITH_TRITON = ("cuda", "xpu")
"""Devices whose compiler is Triton; ROCm calls its own ``cuda``. PyTorch's for ``mps`` is new."""
MOST = 16
"""Kinds that are compiled: each takes seconds, and a number that is annealed makes one each time.

Not those that come again: torch.utils.checkpoint compares what a call saves with what it saved the
first time, which an evaluation by operations does not.
"""


class Kind(NamedTuple):
    """What is static of a call."""

    spec: LossSpec
    names: tuple[str, ...]
    compiler: str


def kind_of(spec: LossSpec, names: tuple[str, ...]) -> Kind:
    """That of a call which is made now."""
    return Kind(spec, names, compiling.said().compiler)


Program: TypeAlias = Callable[..., tuple[Array, ...]]


class Programs(NamedTuple):
    """Value and gradient of a kind of call."""

    value: Program
    """The outputs, of the tensors."""
    gradient: Program
    """That to the predictions alone, of the cotangent and the tensors."""


_PROGRAMS: dict[Kind, Programs | None] = {}
"""None: the compiler failed."""
_LOCK = Lock()
_NUMBERS = itertools.count()


def outputs(kind: Kind, tensors: Sequence[Array]) -> tuple[Array, ...] | None:
    """Those of a call, by its program; None: run its operations."""
    if not _wanted(tensors):
        return None
    if kind not in _PROGRAMS:
        with _LOCK:
            room = len(_PROGRAMS) < MOST or compiling.said().when == "always"
            if kind not in _PROGRAMS and room:
                _PROGRAMS[kind] = _compiled(kind)
    programs = _PROGRAMS.get(kind)
    return None if programs is None else _found(kind, programs.value, tensors)


def gradient(kind: Kind, tensors: Sequence[Array], cotangent: Array) -> Array | None:
    """That to the predictions times the cotangent, by the same program; None: by operations."""
    programs = _PROGRAMS.get(kind)
    if programs is None or not _wanted((*tensors, cotangent)):
        return None
    found = _found(kind, programs.gradient, (cotangent, *tensors))
    return None if found is None else found[0]


def _wanted(tensors: Sequence[Array]) -> bool:
    when, device = compiling.said().when, tensors[0].device.type
    if when == "never" or device == "meta" or torch._dynamo.config.disable:
        return False
    if when == "accelerator" and not (device in WITH_TRITON and has_triton()):
        return False
    if watched() or traced(*tensors) or any(map(is_legacy_batchedtensor, tensors)):
        return False
    return all(type(each) in PLAIN for each in tensors)


def _compiled(kind: Kind) -> Programs:
    call = written(kind.spec, kind.names)

    def value(*tensors: Array) -> tuple[Array, ...]:
        return _value(call, *tensors)

    def gradient(*tensors: Array) -> tuple[Array, ...]:
        return _gradient(call, *tensors)

    return Programs(_program(value, kind.compiler), _program(gradient, kind.compiler))


def _program(function: Any, compiler: str) -> Program:
    # A code object of its own: Dynamo keeps programs with it, of eight kinds of tensors at most.
    code = function.__code__
    function.__code__ = code.replace(co_name=f"{function.__name__}_{next(_NUMBERS)}")
    program: Program = torch.compile(function, fullgraph=True, dynamic=True, backend=compiler)
    return program


def _value(call: str, *tensors: Array) -> tuple[Array, ...]:
    """A node of Dynamo's graph, which only AOTAutograd looks into."""
    spec, names, _ = read(call)
    arrays = dict(zip(names, tensors, strict=True))
    return evaluate.fused(NODES["program"], spec, arrays, gradient=False)[0]


def _gradient(call: str, cotangent: Array, *tensors: Array) -> tuple[Array, ...]:
    """Another."""
    spec, names, _ = read(call)
    slopes = evaluate.fused(NODES["program"], spec, dict(zip(names, tensors, strict=True)))[1]
    return (product(slopes, cotangent, spec, tensors[0].dtype),)


allow_in_graph(_value)
allow_in_graph(_gradient)


def _found(kind: Kind, program: Program, tensors: Sequence[Array]) -> tuple[Array, ...] | None:
    """What a program gives; None where the compiler fails, or has seen too many kinds of tensors.

    Where programs are always to run, its error is raised.
    """
    try:
        with torch.no_grad():
            return tuple(program(*(each.detach() for each in tensors)))
    except (FailOnRecompileLimitHit, TorchDynamoException) as error:
        if compiling.said().when == "always":
            raise
        if isinstance(error, FailOnRecompileLimitHit):
            return None
        _PROGRAMS[kind] = None
        warnings.warn(
            "a loss runs operation by operation, because PyTorch's compiler failed "
            f"({type(error).__name__}: {error}); {compiling.VARIABLE}=0 never asks it",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
