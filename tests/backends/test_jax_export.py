"""Programs of ``jax.export``: value and gradient for batches of any size, called elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from wce_core import LossParts, losses, metrics
from wce_core.losses.registry import LOSSES, REGIONS

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(7, 3)).astype(np.float32)
Y = RANDOM.integers(0, 3, 7).astype(np.int32)
W = [1.0, 2.0, 0.5]
(N,) = export.symbolic_shape("n")
LOGITS = jax.ShapeDtypeStruct((N, 3), jnp.float32)
INDICES = jax.ShapeDtypeStruct((N,), jnp.int32)


def exported(function: Any, labels: Any = INDICES, **options: int) -> bytearray:
    return export.export(jax.jit(function))(LOGITS, labels).serialize(**options)


@pytest.mark.parametrize("name", [*LOSSES, *REGIONS])
def test_value_and_gradient_of_a_symbolic_batch(name: str) -> None:
    """Every loss, of items and of regions, with its weights."""
    kind: Any = {**LOSSES, **REGIONS}[name]
    weights = {"class_weight": W} if kind._categorical else {"class_weight": [1.0, 3.0]}
    if name in ("lovasz_hinge_loss", "generalized_dice_loss") or "binary" in name:
        weights = {}
    more = {"costs": 1.0 - np.eye(3)} if "cost" in name else {}
    labels = LOGITS.update(dtype=jnp.bool_ if "any_of" in name else jnp.float32)
    labels = INDICES if kind._categorical and "any_of" not in name else labels
    loss = kind(**weights, **more)
    program = export.export(jax.jit(jax.value_and_grad(loss)))(LOGITS, labels)
    assert [str(each) for each in program.out_avals] == ["float32[]", "float32[n,3]"]


CALL = """
    import sys
    import numpy as np
    from jax import export

    folder = sys.argv[1]
    arrays = np.load(folder + "/arrays.npz")
    for name in ("multi-class", "binary", "regions"):
        both = export.deserialize(open(f"{folder}/{name}", "rb").read()).call
        for n in (1, 7):
            found = both(arrays["x"][:n], arrays[f"{name} y"][:n])
            for own, part in zip(found, ("value", "gradient")):
                expected = arrays[f"{name} {n} {part}"]
                np.testing.assert_allclose(own, expected, rtol=1e-6, atol=1e-7)
    assert not any(name.startswith("wce_") for name in sys.modules)
    print("equal")
"""


def test_called_in_a_fresh_process(tmp_path: Path) -> None:
    """Which needs JAX alone, not this library."""
    cases: dict[str, tuple[Any, np.ndarray, Any]] = {
        "multi-class": (
            losses.CrossEntropy(class_weight=W, label_smoothing=0.1, reduction="weighted_mean"),
            Y,
            INDICES,
        ),
        "binary": (losses.BinaryFocalCrossEntropy(), (X[::-1] > 0).astype(np.float32), LOGITS),
        "regions": (losses.DiceLoss(), Y, INDICES),
    }
    arrays: dict[str, Any] = {"x": X}
    for name, (loss, y, labels) in cases.items():
        both = jax.value_and_grad(loss)
        (tmp_path / name).write_bytes(exported(both, labels))
        arrays[f"{name} y"] = y
        for n in (1, 7):
            value, gradient = both(jnp.asarray(X[:n]), jnp.asarray(y[:n]))
            arrays |= {f"{name} {n} value": value, f"{name} {n} gradient": gradient}
    np.savez(tmp_path / "arrays.npz", **arrays)
    code = "\n".join(line[4:] for line in CALL.splitlines())
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "equal", done.stderr


def test_parts_and_sums_are_saved_as_what_they_are() -> None:
    both = export.deserialize(
        exported(
            lambda x, y: (
                losses.cross_entropy(x, y, class_weight=W, reduction="parts"),
                metrics.outcomes(x, y, class_weight=W),
            )
        )
    ).call
    parts, sums = both(X, Y)
    assert isinstance(parts, LossParts)
    assert isinstance(sums, metrics.ClassOutcomes)
    expected = losses.cross_entropy(X, Y, class_weight=W, reduction="weighted_mean")
    np.testing.assert_allclose(parts.weighted_mean(), expected, rtol=1e-6)
    np.testing.assert_allclose(sums, metrics.outcomes(X, Y, class_weight=W), rtol=1e-6)


def test_a_loss_that_is_differentiated_by_whoever_calls_it() -> None:
    loss = losses.CrossEntropy(class_weight=W)
    again = export.deserialize(exported(loss, vjp_order=1)).call
    x, y = jnp.asarray(X), jnp.asarray(Y)
    np.testing.assert_allclose(jax.grad(again)(x, y), jax.grad(loss)(x, y), rtol=1e-6, atol=1e-7)
