"""What every loss as a ``torch.nn.Module`` is: options, and weights that follow the module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from wce_core.call.companions import weight_array
from wce_core.formulas.weightings.balanced import is_balanced
from wce_core.frameworks.registry import backend_of
from wce_core.losses.configured import Configured
from wce_core.types import Array

from .documentation import documented, has_class_axis

KINDS: dict[type[Configured[Any]], type[Loss]] = {}
"""The module of each configured loss."""
CLASS_AXIS = 1
"""Where PyTorch's losses have classes."""


class Loss(nn.Module):
    """A configured loss as a ``torch.nn.Module``, called with PyTorch's ``(input, target)``.

    Weights, which are given as arrays, lists, numbers or mappings, are buffers under their own
    names. They follow the module to a device and keep their dtype: a model in half precision has
    weights that are not rounded. In a ``state_dict`` they are only if they are ``persistent``, so
    that a checkpoint is loaded strictly whatever the number of classes is. A weight that is an
    ``nn.Parameter`` is a parameter of the module, and is trained.
    """

    _kind: ClassVar[type[Configured[Any]]]
    _options: dict[str, Any]
    _numbers: dict[str, Any]

    def __init_subclass__(cls, of: type[Configured[Any]] | None = None, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if of is not None:
            cls._kind = of
            KINDS[of] = cls
            if "__init__" not in vars(cls):
                documented(cls, of, CLASS_AXIS)

    def __init__(self, *, persistent: bool = False, **options: Any) -> None:
        super().__init__()
        placed = {"axis": CLASS_AXIS} if has_class_axis(self._kind) else {}
        self._hold(self._kind(**{**placed, **options}), persistent=persistent)
        self._like_torch = "axis" not in options and bool(placed)

    @classmethod
    def of(cls, loss: Configured[Any], *, persistent: bool = False) -> Any:
        """The module of a configured loss, whose options it has: its axis, too."""
        kind = KINDS.get(type(loss))
        if kind is None or not issubclass(kind, cls):
            raise TypeError(f"{loss!r} is no loss that {cls.__name__} stands for")
        return kind._of(loss, persistent=persistent)

    @classmethod
    def _of(cls, loss: Configured[Any], *, persistent: bool) -> Loss:
        module = cls.__new__(cls)
        nn.Module.__init__(module)
        module._hold(loss, persistent=persistent)
        return module

    def _hold(self, loss: Configured[Any], *, persistent: bool) -> None:
        self._options = dict(loss._arguments)
        self._persistent, self._like_torch = persistent, False
        self._numbers = {}
        for name in self._kind._weights:
            value = self._options.pop(name)
            if isinstance(value, nn.Parameter):
                self.register_parameter(name, value)
            elif value is None or is_balanced(value):
                self._options |= {} if value is None else {name: value}
                self.register_buffer(name, None, persistent=persistent)
            else:
                self._numbers[name] = value
                like = value if isinstance(value, Tensor) else torch.empty(0)
                self.register_buffer(name, self._tensor(name, value, like), persistent=persistent)

    @property
    def loss(self) -> Configured[Any]:
        """The configured loss that it stands for, on its weights as they are now."""
        return self._kind._restored(dict.fromkeys(self._kind._weights) | self._arguments())

    def forward(
        self,
        input: Tensor,  # noqa: A002  # PyTorch's name
        target: Tensor,
        sample_weight: Array | None = None,
        mask: Array | None = None,
    ) -> Any:
        """The loss of these tensors."""
        given = {"sample_weight": sample_weight, "mask": mask}
        return self._kind._function(input, target, **given, **self._arguments(input))

    def _arguments(self, input: Tensor | None = None) -> dict[str, Any]:  # noqa: A002  # PyTorch's
        """Options and weights. They are read anew by each call: others may be in their place."""
        given = dict(self._options)
        for name in self._kind._weights:
            value = getattr(self, name)
            if value is not None:
                given[name] = value
        if self._like_torch and input is not None and input.ndim == 1:
            given["axis"] = 0  # of a lone row, as PyTorch's losses have it
        return given

    def extra_repr(self) -> str:
        """What differs from the defaults; of weights dtype and shape."""
        weights = {name: getattr(self, name) for name in self._kind._weights}
        shown = [f"{name}={_brief(w)}" for name, w in weights.items() if w is not None]
        defaults = {field.name: field.default for field in fields(self._kind)}
        defaults |= {"axis": CLASS_AXIS} if has_class_axis(self._kind) else {}
        given = {name: v for name, v in self._options.items() if v != defaults[name]}
        given |= {"persistent": True} if self._persistent else {}
        return ", ".join([*shown, *(f"{name}={value!r}" for name, value in given.items())])

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        """Buffers are moved, and keep their dtype; what else there is, as ever."""

        def moved(tensor: Tensor) -> Tensor:
            found = (name for name, own in self._buffers.items() if own is tensor)
            name = next(found, None)
            if name is None:
                return fn(tensor)
            return self._beside(name, tensor, fn(torch.empty(0, device=tensor.device)))

        return super()._apply(moved, recurse)  # type: ignore[no-untyped-call]  # unannotated in PyTorch

    def _beside(self, name: str, tensor: Tensor, like: Tensor) -> Tensor:
        """A weight on the device of ``like``; from the meta device, where none is, its numbers."""
        if tensor.device == like.device:
            return tensor
        value = self._numbers[name] if tensor.is_meta and name in self._numbers else tensor
        if isinstance(value, Tensor) and value.is_meta:
            return torch.empty_like(tensor, device=like.device)
        return self._tensor(name, value, like)

    def _tensor(self, name: str, value: Any, like: Tensor) -> Tensor:
        """A weight as a floating tensor: a tensor of integers would round what is loaded to it."""
        named = self._kind._categorical and isinstance(value, Mapping)
        backend: Any = backend_of(like)
        widest = torch.float64 if backend.has_float64(like) else torch.float32
        if isinstance(value, Tensor):
            exact = value.is_floating_point() and value.dtype != torch.float64
            return value.to(like.device, value.dtype if exact else widest)
        tensor: Tensor = weight_array(backend, like, name, value, len(value) if named else 2)
        return tensor if tensor.is_floating_point() else tensor.to(widest)


class ItemLoss(Loss):
    """A loss of items, whose sum may be divided by a number that is known beforehand."""

    def forward(
        self,
        input: Tensor,  # noqa: A002  # PyTorch's name
        target: Tensor,
        sample_weight: Array | None = None,
        mask: Array | None = None,
        normalizer: Any = None,
    ) -> Any:
        """The loss of these tensors."""
        return self._kind._function(
            input,
            target,
            sample_weight=sample_weight,
            mask=mask,
            normalizer=normalizer,
            **self._arguments(input),
        )


def _brief(weight: Tensor) -> str:
    dtype = str(weight.dtype).removeprefix("torch.")
    return f"{dtype}[{', '.join(map(str, weight.shape))}]"
