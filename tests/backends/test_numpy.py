"""What is NumPy's alone: threads, and the memory of gradients."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import wce_backends.numpy as backend
import wce_core
from wce_backends.fast import switch, threads
from wce_core import losses
from wce_core.evaluation.cuts import cuts_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 40))
LABELS = {
    "cross_entropy": RNG.integers(0, 40, 50),
    "binary_cross_entropy": RNG.integers(0, 2, X.shape),
}


def both(name: str, x: Any, y: Any, **options: Any) -> tuple[Any, np.ndarray]:
    value, gradient = wce_core.value_and_grad(getattr(losses, name))(x, y, **options)
    return value, gradient


@pytest.mark.parametrize("loops", [False, True] if find_spec("numba") else [False])
@pytest.mark.parametrize("name", LABELS)
def test_threads_change_no_bit(name: str, loops: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switch, "_USED", loops)
    for setting, value in {"PARALLEL": 0, "PARALLEL_BLOCK": 160, "LOOPED_BLOCK": 320}.items():
        monkeypatch.setattr(backend, setting, value)
    found = []
    for number in ("1", "2", "3", "4"):
        monkeypatch.setenv("OMP_NUM_THREADS", number)
        assert threads.number() == int(number)
        found.append(both(name, X, LABELS[name]))
    for value, gradient in found[1:]:
        assert value == found[0][0]
        np.testing.assert_array_equal(gradient, found[0][1])


@pytest.mark.parametrize("rows", [1, 500, 501, 999, 1001, 2500])
def test_blocks_cover_all_rows_in_equal_lengths(rows: int) -> None:
    """Of a block and a bit more, one thread would have nearly all."""
    blocks = [range(rows)[cut[0]] for cut in cuts_of((rows, 10), 1, 5000)]
    assert [row for block in blocks for row in block] == list(range(rows))
    assert len(blocks) == -(-rows // 500)
    assert max(map(len, blocks)) - min(map(len, blocks)) < len(blocks)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_blocks_by_threads_stay_in_order(count: int) -> None:
    assert threads.mapped(lambda n: n * n, range(100), count) == [n * n for n in range(100)]
    assert threads.mapped(lambda n: n * n, [], count) == []


@pytest.mark.parametrize("count", [1, 2, 9])
def test_an_error_in_a_block_is_raised(count: int) -> None:
    with pytest.raises(ZeroDivisionError):
        threads.mapped(lambda n: 1 // (n - 70), range(100), count)
    assert threads.mapped(abs, [-1, -2, -3], count) == [1, 2, 3]


def test_threads_without_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in ("", "0", "2,1"):
        monkeypatch.setenv("OMP_NUM_THREADS", setting)
        assert 1 <= backend.threads.number() <= 4


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((2000, 10), 1), ((200, 50), 1), ((20, 10, 100), 1), ((20, 50, 100), 1), ((400_000, 3), 1)],
)
def test_a_gradient_lies_in_memory_as_anyone_expects(shape: tuple[int, ...], axis: int) -> None:
    """However a block was turned to compute it, and whatever the number of blocks."""
    items = tuple(n for i, n in enumerate(shape) if i != axis)
    x = RNG.normal(size=shape).astype(np.float32)
    _, gradient = both("cross_entropy", x, RNG.integers(0, shape[axis], items), axis=axis)
    assert gradient.flags.c_contiguous
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient.sum(axis=axis), 0.0, atol=1e-6)
