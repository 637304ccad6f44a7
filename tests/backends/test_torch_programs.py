"""Eager calls as compiled programs, forced on the CPU, and what a call launches and moves.

Most tests have a "compiler" that runs what Dynamo gives it: what is tested is what surrounds it.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch._dynamo.exc import FailOnRecompileLimitHit
from torch._dynamo.utils import counters
from torch.utils.checkpoint import checkpoint
from torch_calls import DEPRECATED

from benchmarks import traffic
from benchmarks.targets import MOVED
from wce_backends.torch import compiled
from wce_core import losses
from wce_core.frameworks import compiling
from wce_core.torch import compile_calls

pytestmark = pytest.mark.filterwarnings(DEPRECATED)
OPERATIONS = {"CE, native": 18.2, "CE, exact": 51.0, "BCE, native": 87.0}
"""Sizes of the predictions that single operations move at 4096 × 1000."""
PASSING_ON = "eager"
"""PyTorch's compiler that compiles nothing."""


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(compiled, "_PROGRAMS", {})
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


@pytest.fixture
def _accelerated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU passes for an accelerator, and replays nothing."""
    monkeypatch.setattr(compiled, "WITH_TRITON", ("cpu",))
    monkeypatch.setattr(compiled, "has_triton", lambda: True)
    monkeypatch.setattr(compiling, "_DEFAULT", compiling.Compiling("accelerator", PASSING_ON))
    monkeypatch.setattr("wce_backends.torch.backend.unusual", lambda *call: True)


def loss(x: torch.Tensor, **options: Any) -> torch.Tensor:
    y = torch.arange(x.shape[0]) % x.shape[1]
    given = {"class_weight": torch.linspace(0.5, 2.0, x.shape[1]), "reduction": "weighted_mean"}
    found: torch.Tensor = losses.cross_entropy(x, y, **{**given, **options})
    return found


def rows(items: int, classes: int = 5, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(items)
    own = 3.0 * torch.randn(items, classes, generator=generator)
    return own.to(dtype).requires_grad_()


def gradient(value: torch.Tensor, x: torch.Tensor, **options: Any) -> torch.Tensor:
    return torch.autograd.grad(value, x, **options)[0]


@pytest.mark.parametrize("reduction", ["weighted_mean", "none"])
def test_value_gradient_and_what_else_autograd_asks_for(reduction: str) -> None:
    x, outcomes = rows(7), []
    for when in ("always", "never"):
        word: Any = when
        with compile_calls(word, "aot_eager"):
            value = loss(x, reduction=reduction).sum()
            scaled = gradient(3.0 * value, x, retain_graph=True)
            again = gradient(value, x)
            with torch.no_grad():
                alone = loss(x, reduction=reduction)
            with torch.inference_mode():
                inferred = loss(x, reduction=reduction)
            slope = gradient(loss(x, reduction=reduction).sum(), x, create_graph=True)
            bend = gradient(slope.square().sum(), x)
        outcomes.append([value, scaled, again, alone, inferred.clone(), slope, bend])
        with pytest.raises(RuntimeError, match="second time"):
            gradient(value, x)
    for found, want in zip(*outcomes, strict=True):
        torch.testing.assert_close(found, want)
    assert len(compiled._PROGRAMS) == 1


def test_batches_of_any_size_are_one_program() -> None:
    def graphs(*counts: int) -> int:
        for count in counts:
            with compile_calls("always", PASSING_ON):
                gradient(loss(rows(count)), rows(count), allow_unused=True)
        return int(counters["stats"]["unique_graphs"])

    counters.clear()
    first = graphs(7)
    assert first > 0
    assert graphs(9, 11, 300) == first


def test_to_weights_by_operations_and_to_predictions_by_the_program() -> None:
    x, found = rows(7), []
    for when in ("always", "never"):
        word: Any = when
        w = torch.linspace(0.5, 2.0, 5).requires_grad_()
        with compile_calls(word, PASSING_ON):
            found.append(torch.autograd.grad(loss(x, class_weight=w), (x, w)))
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b)


def test_what_must_see_operations_sees_them() -> None:
    """torch.func, forward AD, batched cotangents and make_fx: no program, the same numbers."""
    x = rows(7)
    want = gradient(loss(x), x)
    with compile_calls("always", PASSING_ON):
        torch.testing.assert_close(torch.func.grad(loss)(x.detach()), want)
        _, slope = torch.func.jvp(loss, (x.detach(),), (want,))
        torch.testing.assert_close(slope, want.square().sum())
        traced = torch.fx.experimental.proxy_tensor.make_fx(loss)(x.detach())
        assert not compiled._PROGRAMS
        torch.testing.assert_close(traced(x.detach()), loss(x).detach())
        batch = torch.tensor([1.0, 3.0])
        both = gradient(loss(x), x, grad_outputs=batch, is_grads_batched=True)
        torch.testing.assert_close(both, torch.stack([want, 3.0 * want]))
        outer = torch.compile(lambda x: 2.0 * loss(x), fullgraph=True, backend=PASSING_ON)
        torch.testing.assert_close(gradient(outer(x), x), 2.0 * want)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_types_and_autocast(dtype: torch.dtype) -> None:
    x, found = rows(7, dtype=dtype), []
    for when in ("always", "never"):
        word: Any = when
        with compile_calls(word, "aot_eager"), torch.autocast("cpu", dtype=dtype):
            value = loss(x)
            assert value.dtype is torch.float32
            found.append((value, gradient(value, x)))
    for a, b in zip(*found, strict=True):
        assert a.dtype is b.dtype
        torch.testing.assert_close(a, b)


def test_errors_are_those_of_every_call() -> None:
    x, y = rows(7), torch.full((7,), 5)
    with compile_calls("always", PASSING_ON), pytest.raises(ValueError, match="targets"):
        losses.cross_entropy(x, y)
    assert not compiled._PROGRAMS


def test_threads_at_the_same_time() -> None:
    """While PyTorch compiles in one thread it says so in all, so others run the plain formula."""

    def own(number: int) -> torch.Tensor:
        x = rows(7 + number)
        with compile_calls("always", PASSING_ON):
            return gradient(loss(x, label_smoothing=0.1 * (number % 2)), x)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(own, range(8)))
    found += [own(8), own(9)]  # alone, each by the program of its kind
    assert len(compiled._PROGRAMS) == 2
    for number, slope in enumerate(found):
        x = rows(7 + number)
        torch.testing.assert_close(slope, gradient(loss(x, label_smoothing=0.1 * (number % 2)), x))


@pytest.mark.usefixtures("_accelerated")
class TestOnAnAccelerator:
    def test_annealing_compiles_a_few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(compiled, "MOST", 2)
        for step in range(4):
            value = loss(rows(9), label_smoothing=0.01 * step)
            with compile_calls("never"):
                torch.testing.assert_close(value, loss(rows(9), label_smoothing=0.01 * step))
        assert len(compiled._PROGRAMS) == 2

    def test_turned_off(self) -> None:
        with compile_calls("never"):
            loss(rows(9))
        with torch._dynamo.config.patch(disable=True):
            loss(rows(9))
        assert not compiled._PROGRAMS

    @pytest.mark.parametrize("most", [0, 1])
    def test_checkpoints(self, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
        """What is made again is compared with what was saved the first time."""
        monkeypatch.setattr(compiled, "MOST", most)
        x = rows(9)
        value = checkpoint(loss, x, use_reentrant=False)
        assert isinstance(value, torch.Tensor)
        found = gradient(value, x)
        assert len(compiled._PROGRAMS) == most
        with compile_calls("never"):
            torch.testing.assert_close(found, gradient(loss(x), x))

    def test_a_compiler_that_fails_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def failing(graph: Any, inputs: Any) -> Any:
            raise RuntimeError("no compiler here")

        compiler: Any = failing
        default = compiling.Compiling("accelerator", compiler)
        monkeypatch.setattr(compiling, "_DEFAULT", default)
        with pytest.warns(RuntimeWarning, match=r"(?s)no compiler here.*WCE_TORCH_COMPILE=0"):
            value = loss(rows(9))
        assert math.isfinite(value.item())
        loss(rows(9))  # without a word
        with (
            compile_calls("always", compiler),
            pytest.raises(torch._dynamo.exc.BackendCompilerFailed, match="no compiler"),
        ):
            loss(rows(9), reduction="mean")

    def test_more_kinds_of_tensors_than_are_compiled_for(self) -> None:
        def spread(x: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = losses.binary_cross_entropy(x, torch.ones_like(x))
            return found

        with torch._dynamo.config.patch(recompile_limit=1):
            for axes in range(1, 4):
                x = torch.ones([2] * axes, requires_grad=True)
                found = gradient(spread(x), x)
                with compile_calls("never"):
                    torch.testing.assert_close(found, gradient(spread(x), x))
            with compile_calls("always", PASSING_ON), pytest.raises(FailOnRecompileLimitHit):
                spread(torch.ones([2] * 5))


def test_words_that_say_nothing() -> None:
    word: Any = "sometimes"
    with (
        pytest.raises(ValueError, match="when is 'sometimes'; expected one of accelerator"),
        compile_calls(word),
    ):
        pass
    assert compiling.said() == ("accelerator", "inductor")


def test_turned_off_for_a_process() -> None:
    code = "from wce_core.frameworks import compiling; print(compiling.said().when)"
    for value, want in {"0": "never", "Off": "never", "1": "accelerator"}.items():
        environment = {**os.environ, compiling.VARIABLE: value}
        command = [sys.executable, "-c", code]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert run.stdout.strip() == want


def test_what_a_call_moves() -> None:
    seen = set()
    for name, way, found, share in traffic.rows((4096, 1000), compiled=True):
        sizes = found.moved / (4096 * 1000 * 4)
        assert found.moved
        if way == "compiled":
            assert share <= MOVED[name, way].must, (name, sizes)
        if way == "operations":
            assert sizes <= OPERATIONS[name], (name, sizes)
        seen.add((name, way))
    assert seen >= set(MOVED)
