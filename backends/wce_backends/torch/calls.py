"""Eager calls: those that have been described, and those that are replayed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.autograd import forward_ad

from wce_core.call.describe import described
from wce_core.dtypes import at_least_float32
from wce_core.evaluation import evaluate
from wce_core.evaluation.blocks import in_blocks
from wce_core.evaluation.options import Options
from wce_core.evaluation.spec import LossSpec
from wce_core.frameworks import compiling
from wce_core.frameworks.backend import Backend
from wce_core.types import Array

from .. import fast, numpy
from ..programs import Outcome
from . import compiled
from .functions import Eager, applied, multiplied
from .tensors import DTYPES, PLAIN, comparable, distributed, on_host, traced

CPU_BLOCK = 2**18
"""Elements a block: its temporaries stay in cache, and an operation takes longer than its call."""
FEW = 2**14
"""Elements up to which the overhead of each operation decides, not its arithmetic."""
ALL = 2**62
"""More elements than there are: compiled loops are faster than operations on any number."""
DEVICE_BLOCK = 2**24
"""Elements a block on an accelerator: enough work for a kernel, little memory."""
REPLAYED = (torch.float32, torch.float64)
"""Of half types NumPy has one, and autocast has its own way with them."""


class Prepared(NamedTuple):
    """A call that has been checked and described; ``names`` are those of its tensors."""

    be: Backend
    blocks: Backend
    """The same where operations run one by one and nothing is recorded."""
    spec: LossSpec
    names: tuple[str, ...]

    def outcome(self, tensors: Sequence[Array], *, gradient: bool) -> Outcome:
        """By a compiled program, which leaves the gradient for later; else all at once."""
        outputs = compiled.outputs(compiled.kind_of(self.spec, self.names), tensors)
        if outputs is not None:
            return self.spec, outputs, None
        return self.evaluated(tensors, gradient=gradient)

    def evaluated(self, tensors: Sequence[Array], *, gradient: bool) -> Outcome:
        """By NumPy of few numbers on the host, where its calls take a third; else in blocks."""
        spec, arrays = self.spec, dict(zip(self.names, tensors, strict=True))
        predictions = arrays["predictions"]
        if predictions.numel() > _by_numpy(predictions) or not on_host(*tensors):
            size = block_size(predictions)
            return spec, *in_blocks(self.blocks, spec, arrays, gradient=gradient, size=size)
        result = at_least_float32(spec.result)  # of halves NumPy has one, and PyTorch rounds both
        shared = {name: self.be.to_numpy(array) for name, array in arrays.items()}
        found = numpy.evaluated(spec._replace(result=result), shared, gradient=gradient)
        outputs, slopes = _tensors(*found)
        if result != spec.result and spec.reduction != "parts":
            outputs = (outputs[0].to(DTYPES[spec.result]),)
        return spec, outputs, slopes

    def again(self, tensors: Sequence[Array], cotangent: Array) -> Array:
        """The gradient times the cotangent."""
        made = compiled.gradient(compiled.kind_of(self.spec, self.names), tensors, cotangent)
        if made is not None:
            return made
        slopes = self.evaluated(tensors, gradient=True)[2]
        return multiplied(slopes, cotangent, self.spec, tensors[0].dtype)

    def plain(self, tensors: Sequence[Array]) -> tuple[Array, ...]:
        """The plain formula."""
        return evaluate.plain(self.be, self.spec, dict(zip(self.names, tensors, strict=True)))


class Replay(NamedTuple):
    """A call as it was made; ``names`` are those of its tensors."""

    be: Backend
    blocks: Backend
    options: Options
    ignore_index: Any
    constants: dict[str, np.ndarray]
    names: tuple[str, ...]

    def outcome(self, tensors: tuple[Array, ...]) -> Outcome | None:
        """Outputs, with autograd's record where the predictions want one; None: the usual way."""
        wanted = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
        if not wanted:
            return self._replayed(tensors, gradient=False)
        if any(tensor.requires_grad for tensor in tensors[1:]):
            return None
        # Replayed or not, the same tensors are saved: torch.utils.checkpoint compares them.
        found = self._replayed(tensors, gradient=True) or self._evaluated(tensors)
        # Each further argument of a Function takes a microsecond.
        return found[0], applied(Eager, self, found, tensors[1:], tensors[0]), None

    def _replayed(self, tensors: Sequence[Array], *, gradient: bool) -> Outcome | None:
        """By NumPy's program; None if there is none for such a call."""
        if not on_host(*tensors):
            return None
        try:
            shared = [(t.detach() if t.requires_grad else t).numpy() for t in tensors]
        except (TypeError, RuntimeError):  # PyTorch has no NumPy array of one of them
            return None
        arrays = {**dict(zip(self.names, shared, strict=True)), **self.constants}
        ignored = self.ignore_index
        found = numpy.PROGRAMS.outcome(self.options, arrays, ignored, gradient=gradient)
        return found and (found[0], *_tensors(*found[1:]))

    def _evaluated(self, tensors: Sequence[Array]) -> Outcome:
        """With the gradient, by the usual way."""
        with torch.no_grad():
            call, own = self._prepared(tensors)
            return call.evaluated(own, gradient=True)

    def again(self, tensors: Sequence[Array], cotangent: Array) -> Array:
        """The gradient times the cotangent, by the usual way."""
        call, own = self._prepared(tensors)
        return call.again(own, cotangent)

    def plain(self, tensors: Sequence[Array]) -> tuple[Array, ...]:
        """The plain formula, by the usual way."""
        call, own = self._prepared(tensors)
        return call.plain(own)

    def _prepared(self, tensors: Sequence[Array]) -> tuple[Prepared, tuple[Array, ...]]:
        given = {**dict(zip(self.names, tensors, strict=True)), **self.constants}
        spec, arrays = described(
            self.be, self.options, {**given, "ignore_index": self.ignore_index}
        )
        arrays = comparable(spec, arrays)
        call = Prepared(self.be, self.blocks, spec, tuple(arrays))
        return call, tuple(arrays.values())


def unusual(options: Options, predictions: Array) -> bool:
    """Is it more than what NumPy has programs for, by a short look?"""
    if type(predictions) not in PLAIN or predictions.dtype not in REPLAYED:
        return True
    if torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0:
        return True
    if traced() or options.dtype is not None or options.region is not None:
        return True
    if not predictions.is_cpu or compiling.said().when == "always":
        return True
    return bool(predictions.numel() > (numpy.few(options.precision) if fast.in_use() else FEW))


def _by_numpy(predictions: Array) -> int:
    """Elements up to which NumPy evaluates what is on the host; bfloat16 it would copy whole."""
    if not fast.in_use():
        return FEW
    return max(FEW, numpy.few()) if predictions.dtype is torch.bfloat16 else ALL


def block_size(predictions: Array) -> int:
    """Elements; all of them where ranks have each a part, which a block would not be cut from."""
    if distributed(predictions):
        return 2 * int(predictions.numel())  # of float64 half as many
    return CPU_BLOCK if predictions.is_cpu else DEVICE_BLOCK


def _tensors(outputs: tuple[Any, ...], slopes: Any) -> tuple[tuple[Array, ...], Array | None]:
    """Of NumPy's arrays and scalars, on the same memory."""
    tensors = tuple(torch.from_numpy(np.asarray(output)) for output in outputs)
    return tensors, None if slopes is None else torch.from_numpy(slopes)
