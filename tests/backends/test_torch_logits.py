"""Steps before the softmax against what their authors write in PyTorch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch_calls import DEPRECATED

from wce_core import losses
from wce_core.losses import Logits

RNG = np.random.default_rng(40)
X, Y = torch.tensor(4.0 * RNG.normal(size=(32, 5))), torch.tensor(RNG.integers(0, 5, 32))
COUNTS = torch.tensor([500, 200, 100, 20, 5])
PRIOR = COUNTS / COUNTS.sum(dtype=torch.float64)
MARGINS = 0.5 * (COUNTS / 5).double() ** -0.25
cross_entropy = torch.nn.functional.cross_entropy
ONE_HOT = torch.nn.functional.one_hot(Y, 5)

Loss = Callable[[torch.Tensor], torch.Tensor]
WRITTEN: list[tuple[str, Logits, Loss]] = [
    (
        "balanced softmax",
        Logits(adjustment=PRIOR.log()),
        lambda x: cross_entropy(x + PRIOR.log(), Y),
    ),
    (
        "logit adjustment",
        Logits(adjustment=0.5 * PRIOR.log()),
        lambda x: cross_entropy(x + 0.5 * PRIOR.log(), Y),
    ),
    (
        "LDAM",
        Logits(margin=30.0 * MARGINS, temperature=1 / 30.0),
        lambda x: cross_entropy(30.0 * (x - ONE_HOT * MARGINS), Y),
    ),
    ("temperature", Logits(temperature=2.5), lambda x: cross_entropy(x / 2.5, Y)),
    ("softcap", Logits(softcap=3.0), lambda x: cross_entropy(3.0 * torch.tanh(x / 3.0), Y)),
    (
        "z-loss",
        Logits(z_loss=1e-2),
        lambda x: cross_entropy(x, Y) + 1e-2 * (torch.logsumexp(x, dim=-1) ** 2).mean(),
    ),
]


@pytest.mark.parametrize(
    ("form", "theirs"), [own[1:] for own in WRITTEN], ids=[w[0] for w in WRITTEN]
)
def test_as_it_is_written(form: Logits, theirs: Loss) -> None:
    x, own = X.clone().requires_grad_(), X.clone().requires_grad_()
    expected, found = theirs(x), losses.cross_entropy(own, Y, form=form)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    expected.backward()
    found.backward()
    torch.testing.assert_close(own.grad, x.grad, rtol=1e-9, atol=1e-14)


@pytest.mark.filterwarnings(DEPRECATED)
def test_a_compiled_training_step() -> None:
    loss = losses.CrossEntropy(form=Logits(1.5, 3.0, PRIOR.log(), MARGINS, 1e-3))
    own, x = X.clone().requires_grad_(), X.clone().requires_grad_()
    found = torch.compile(loss, fullgraph=True)(own, Y)
    expected = loss(x, Y)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    found.backward()
    expected.backward()
    torch.testing.assert_close(own.grad, x.grad, rtol=1e-9, atol=1e-14)
