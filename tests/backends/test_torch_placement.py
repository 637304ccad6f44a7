"""Where tensors are made: beside the predictions, whatever the default device, and on all ranks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_calls import CALLS, DEPRECATED

from wce_core import losses

pytestmark = pytest.mark.filterwarnings(DEPRECATED)

RANKS = Path(__file__).with_name("torch_ranks.py")


class TestDefaultDevice:
    """``meta`` stands for any other: it has no values, and refuses to mix."""

    @pytest.mark.parametrize("name", CALLS)
    @pytest.mark.parametrize("precision", ["native", "exact"])
    def test_of_every_call(self, name: str, precision: str) -> None:
        expected = CALLS[name](precision=precision)
        with torch.device("meta"):
            found = CALLS[name](precision=precision)
        assert torch.equal(found, expected)

    @pytest.mark.parametrize("kind", ["labels", "mass", "binary"])
    @pytest.mark.parametrize("wanted", ["value", "gradient", "second"])
    def test_of_many_elements(self, kind: str, wanted: str) -> None:
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(20_000, 3, generator=generator)
        labels = torch.randint(0, 3, (20_000,), generator=generator)
        y = labels if kind == "labels" else torch.rand(20_000, 3, generator=generator)
        function = losses.binary_cross_entropy if kind == "binary" else losses.cross_entropy

        def result() -> torch.Tensor:
            own = x.clone().requires_grad_()
            value: torch.Tensor = function(own, y, sample_weight=np.ones(20_000))
            if wanted == "value":
                return value.detach()
            (slopes,) = torch.autograd.grad(value, own, create_graph=wanted == "second")
            return slopes if wanted == "gradient" else torch.autograd.grad(slopes.sum(), own)[0]

        expected = result()
        with torch.device("meta"):
            assert torch.equal(result(), expected)

    @pytest.mark.parametrize("transform", ["func", "vmap", "jvp"])
    def test_of_transforms(self, transform: str) -> None:
        x, y = torch.linspace(-3, 3, 12).reshape(4, 3), torch.tensor([0, 2, 1, 1])

        def loss(x: torch.Tensor) -> Any:
            return losses.cross_entropy(x, y, class_weight=[1.0, 2.0, 3.0], label_smoothing=0.1)

        def result() -> Any:
            if transform == "func":
                return torch.func.grad(loss)(x)
            if transform == "vmap":
                return torch.vmap(loss)(x.expand(2, 4, 3))
            return torch.func.jvp(loss, (x,), (x,))[1]

        expected = result()
        with torch.device("meta"):
            assert torch.equal(result(), expected)

    def test_of_compiled_calls(self) -> None:
        weights = [1.0, 2.0, 3.0]
        x, y = torch.linspace(-3, 3, 12).reshape(4, 3), torch.tensor([0, 2, 1, 1])

        @torch.compile(fullgraph=True, backend="aot_eager")
        def loss(x: torch.Tensor) -> Any:
            return losses.cross_entropy(x, y, class_weight=weights)

        with torch.device("meta"):
            found = loss(x)
        torch.testing.assert_close(found, losses.cross_entropy(x, y, class_weight=weights))


@pytest.mark.parametrize("ranks", [1, 2])
def test_distributed_tensors(ranks: int) -> None:
    """Every test of torch_ranks.py, in as many processes."""
    done = subprocess.run(
        [sys.executable, str(RANKS), str(ranks)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("passed") == ranks
