"""What ``form="logits"`` means with steps before the softmax, and a z-loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from wce_core.scalars import number
from wce_core.types import Form

LARGEST = 2.0**64
"""Temperatures, caps and their inverses up to it leave quotients in float32's range."""
WIDEST = 64.0
"""e to the negative margin is a normal float32 up to it, whatever it is multiplied with."""
POSITIVE = "a number between 2**-64 and 2**64"
NUMBERS = {
    "temperature": (1.0 / LARGEST, LARGEST, POSITIVE),
    "softcap": (1.0 / LARGEST, LARGEST, POSITIVE),
    "z_loss": (0.0, LARGEST, "a number from 0 to 2**64"),
}
"""The least, the largest, and both in words."""
PER_CLASS = {
    "adjustment": (-LARGEST, LARGEST, "finite numbers, one per class"),
    "margin": (0.0, WIDEST, "a number from 0 to 64, or one per class"),
}


@dataclass(frozen=True)
class Logits:
    """What ``form="logits"`` means, with steps before the softmax and a z-loss.

    From the logits x that a loss is given, those that it is computed of are made in this order:

    1. ``softcap=c``: c·tanh(x / c);
    2. ``temperature=T``: divided by T;
    3. ``adjustment=a``: a_k is added to the logit of class k;
    4. ``margin=Δ``: of the class that an item pays for, and there alone, Δ_k is subtracted.

    With z the logits after the first three, class k costs −log of
    e^(z_k − Δ_k) / (e^(z_k − Δ_k) + Σ_{j≠k} e^(z_j)), and ``z_loss=ζ`` adds ζ·(log Σ_j e^(z_j))²
    to what each unit of mass pays. Both are what the mass of a class pays, so an index is its
    one-hot row, and dense mass pays the mean over its classes. Without arguments it is
    ``form="logits"`` itself.

    Numbers are constants: copied, compared by value, saved with a loss. In the binary loss, whose
    two classes have the logits 0 and x, ``adjustment`` and ``margin`` are pairs, of class 0 and
    class 1, and there is no z-loss.

    Raises
    ------
    TypeError
        For what is no number, as an array that is traced or wants a gradient.
    ValueError
        For numbers out of range.

    References
    ----------
    .. [1] A. K. Menon, S. Jayasumana, A. S. Rawat, H. Jain, A. Veit and S. Kumar, "Long-tail
       learning via logit adjustment", ICLR 2021: ``adjustment`` τ·log π.
    .. [2] J. Ren et al., "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020:
       the same for τ = 1.
    .. [3] K. Cao, C. Wei, A. Gaidon, N. Arechiga and T. Ma, "Learning imbalanced datasets with
       label-distribution-aware margin loss", NeurIPS 2019: ``margin`` Δ_k ∝ n_k^(−1/4). Where a
       scale s multiplies the logits after the margin, as there, pass s·Δ and the temperature 1/s.
    .. [4] Gemma Team, "Gemma 2: improving open language models at a practical size", 2024:
       ``softcap``.
    .. [5] A. Chowdhery et al., "PaLM: scaling language modeling with pathways", JMLR 24, 2023,
       section 5: ``z_loss`` 1e-4.

    Examples
    --------
    >>> import numpy as np
    >>> from wce_core import losses
    >>> x, labels = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 0.0]]), np.array([0, 2])
    >>> prior = np.array([0.7, 0.2, 0.1])
    >>> balanced = losses.Logits(adjustment=np.log(prior))
    >>> losses.cross_entropy(x, labels, form=balanced, reduction="none").round(4)
    array([0.0873, 3.8748])
    >>> rare = losses.Logits(margin=0.5 * (prior / prior.min()) ** -0.25)
    >>> losses.cross_entropy(x, labels, form=rare, reduction="none").round(4)
    array([0.5214, 3.5769])
    >>> capped = losses.Logits(softcap=30.0, z_loss=1e-4)
    >>> losses.cross_entropy(x, labels, form=capped, reduction="none").round(4)
    array([0.4091, 3.0868])

    """

    temperature: float = 1.0
    """What logits are divided by."""
    softcap: float | None = None
    """The bound of logits: c·tanh(x / c). Infinite ones become ±c."""
    adjustment: Sequence[float] | None = None
    """Added to the logits, one number per class: τ·log π for classes with the priors π."""
    margin: float | Sequence[float] | None = None
    """Subtracted from the logit of the class that is paid for: one number, or one per class."""
    z_loss: float = 0.0
    """The factor of (log Σ exp z)², weighted with its item; multi-class."""
    of: ClassVar[Form] = "logits"

    def __post_init__(self) -> None:
        for name, (low, high, expected) in NUMBERS.items():
            value = getattr(self, name)
            if value is not None or name != "softcap":
                _hold(self, name, float(number(name, value, expected)), low, high, expected)
        for name, (low, high, expected) in PER_CLASS.items():
            value = getattr(self, name)
            if value is not None:
                _hold(self, name, _numbers(name, value, expected), low, high, expected)
        if isinstance(self.adjustment, float):
            raise ValueError(
                f"adjustment is {self.adjustment}, which all classes share and no softmax sees; "
                f"expected {PER_CLASS['adjustment'][2]}"
            )
        if {type(self.adjustment), type(self.margin)} == {tuple}:
            self.check_classes(len(self.adjustment or ()))

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(getattr(self, field.name) for field in fields(self)))

    def __hash__(self) -> int:
        """Once: there may be as many numbers as there are words."""
        return self._hash

    def __reduce__(self) -> Any:
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    @cached_property
    def adjustments(self) -> np.ndarray | None:
        """``adjustment`` less its largest, which a softmax does not see."""
        return None if self.adjustment is None else np.array(self.adjustment) - self.offset

    @cached_property
    def offset(self) -> float:
        """The largest adjustment."""
        return 0.0 if self.adjustment is None else max(self.adjustment)

    @cached_property
    def margins(self) -> np.ndarray | None:
        """One for each class, or one of length 1."""
        return None if self.margin is None else np.reshape(np.array(self.margin), (-1,))

    def check_classes(self, classes: int) -> None:
        """A ValueError if there are numbers for another number of classes."""
        for name in PER_CLASS:
            own = getattr(self, name)
            if isinstance(own, tuple) and len(own) != classes:
                raise ValueError(
                    f"{name} of form=Logits(…) has {len(own)} numbers; expected one for each of "
                    f"{classes} classes"
                )


def with_steps(plain: Callable[[], Any], stepped: Callable[[Logits], Any], given: Any) -> Any:
    """The link of logits as they are, or of what steps make of them."""
    return plain() if given == "logits" or given == Logits() else stepped(given)


def _hold(
    own: Logits, name: str, value: float | tuple[float, ...], low: float, high: float, expected: str
) -> None:
    for each in value if isinstance(value, tuple) else (value,):
        if not low <= each <= high:
            raise ValueError(f"{name} is {value!r}; expected {expected}")
    object.__setattr__(own, name, value)


def _numbers(name: str, value: Any, expected: str) -> float | tuple[float, ...]:
    try:
        own = np.asarray(value)
    except (TypeError, ValueError, RuntimeError):  # traced, ragged, or PyTorch's with a gradient
        own = np.empty(0, object)
    if own.dtype.kind not in "iuf" or own.ndim > 1:
        raise TypeError(f"{name} is {value!r}; expected {expected}")
    found: Any = own.astype(np.float64).tolist()
    return tuple(found) if own.ndim else float(found)
