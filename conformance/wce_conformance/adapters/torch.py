"""PyTorch: ``backward()``, ``torch.func``, ``torch.compile``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch._dynamo.exc import FailOnRecompileLimitHit

from wce_conformance.adapters.base import Adapter, without


class TorchAdapter(Adapter):
    """Three routes to the gradient, and "programs": eager calls as they run on an accelerator.

    ``compiler``: the backend of ``torch.compile``. "aot_eager" captures forward and backward pass
    as "inductor" does and then runs PyTorch's own kernels; Inductor takes a C++ compiler and some
    15 seconds a case.
    """

    name = "torch"
    routes = ("eager", "functional", "compiled")
    own_routes = ("programs",)

    def __init__(self, compiler: str = "aot_eager") -> None:
        self.compiler = compiler

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """As one graph, compiled afresh: Dynamo gives up on code that it saw too often."""
        torch._dynamo.reset()
        return torch.compile(function, fullgraph=True, backend=self.compiler)

    def array(self, array: np.ndarray) -> Any:
        """bfloat16 through float32, which NumPy and PyTorch share."""
        if array.dtype.name == "bfloat16":
            return torch.tensor(array.astype(np.float32)).to(torch.bfloat16)
        return torch.tensor(array)

    def numpy(self, array: Any) -> np.ndarray:
        """bfloat16 as ml_dtypes'."""
        array = array.detach()
        if array.dtype == torch.bfloat16:
            import ml_dtypes

            array = array.float().numpy().astype(ml_dtypes.bfloat16)
        own: np.ndarray = np.asarray(array)
        return own

    def differentiated(
        self, route: str, function: Callable[..., Any], wrt: str
    ) -> Callable[[Mapping[str, Any]], tuple[Any, Any]]:
        """By the route."""
        if route == "functional":
            return lambda arrays: _functional(function, arrays, wrt)
        call = self.compiled(function) if route == "compiled" else function

        def outcome(arrays: Mapping[str, Any]) -> tuple[Any, Any]:
            own = {**arrays, wrt: arrays[wrt].detach().clone().requires_grad_()}
            value = call(**own)
            _first(value).sum().backward()
            return value, own[wrt].grad

        return self._forced(outcome) if route == "programs" else outcome

    def _forced(self, outcome: Callable[..., Any]) -> Callable[..., Any]:
        """As programs, whatever the device: those of calls before it, where they serve again."""
        from wce_core.frameworks.compiling import compile_calls

        forced = compile_calls("always", self.compiler)(outcome)

        def found(arrays: Mapping[str, Any]) -> Any:
            try:
                return forced(arrays)
            except FailOnRecompileLimitHit:  # eight kinds of tensors are kept for each program
                torch._dynamo.reset()
                return forced(arrays)

        return found


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value


def _functional(
    function: Callable[..., Any], arrays: Mapping[str, Any], wrt: str
) -> tuple[Any, Any]:
    rest = without(wrt, arrays)

    def scalar(x: Any) -> Any:
        value = function(**{wrt: x}, **rest)
        return _first(value).sum(), value

    gradient, (_, value) = torch.func.grad_and_value(scalar, has_aux=True)(arrays[wrt])
    return value, gradient
