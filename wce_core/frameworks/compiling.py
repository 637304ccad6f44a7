"""When eager calls of PyTorch are run as compiled programs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, NamedTuple, get_args

When = Literal["accelerator", "always", "never"]
VARIABLE = "WCE_TORCH_COMPILE"
"""The environment variable that turns them off for a whole process."""
OFF = ("0", "false", "no", "off")
_BY_ENVIRONMENT: When = "never" if os.environ.get(VARIABLE, "").lower() in OFF else "accelerator"


class Compiling(NamedTuple):
    """What :func:`compile_calls` or the environment says."""

    when: When
    compiler: str


_DEFAULT = Compiling(_BY_ENVIRONMENT, "inductor")
_SAID: ContextVar[Compiling | None] = ContextVar("calls that are compiled", default=None)


def said() -> Compiling:
    """That of now."""
    return _SAID.get() or _DEFAULT


@contextmanager
def compile_calls(when: When, compiler: str = "inductor") -> Iterator[None]:
    """Eager calls of PyTorch inside run as compiled programs, or operation by operation.

    ``"accelerator"``, which is the default: compiled on devices for which PyTorch has Triton (CUDA,
    ROCm, XPU). ``"always"``: on the CPU as well. ``"never"``: operation by operation. It is also a
    decorator.
    ``WCE_TORCH_COMPILE=0`` in the environment says ``"never"`` for a whole process. ``compiler`` is
    the ``backend`` of ``torch.compile``.

    A kind is a loss with its options; weights that are arrays may change, and so may batches. It
    takes some seconds to compile. Values are right to the same digits either way. Where the
    compiler fails, a RuntimeWarning says so, and operations run; under ``"always"`` its error is
    raised.

    Raises
    ------
    ValueError
        For any other word.

    Examples
    --------
    >>> import torch
    >>> from wce_core import losses
    >>> from wce_core.torch import compile_calls
    >>> logits, labels = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1])
    >>> with compile_calls("never"):
    ...     loss = losses.cross_entropy(logits, labels)
    >>> round(loss.item(), 6)
    0.220095

    """
    if when not in get_args(When):
        raise ValueError(f"when is {when!r}; expected one of {', '.join(get_args(When))}")
    token = _SAID.set(Compiling(when, compiler))
    try:
        yield
    finally:
        _SAID.reset(token)
