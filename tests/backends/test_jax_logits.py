"""Steps before the softmax against the same steps by JAX and optax, to the second derivative."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import optax

from wce_core import losses

RNG = np.random.default_rng(40)
X = 4.0 * RNG.normal(size=(6, 5))
X[0], X[1, 2] = 0.0, X[1].max()  # ties, and a logit of 0, at which a cap changes its branch
Y = RNG.integers(0, 5, 6)
PRIOR = np.array([0.6, 0.25, 0.1, 0.04, 0.01])
MARGINS = np.array([0.1, 0.2, 0.3, 0.5, 1.0])
FORM = losses.Logits(0.7, 3.0, np.log(PRIOR), MARGINS, 1e-2)


def theirs(x: Any) -> Any:
    z = 3.0 * jax.numpy.tanh(x / 3.0) / 0.7 + np.log(PRIOR)
    log_z = jax.nn.logsumexp(z, axis=-1)
    lowered = z - jax.nn.one_hot(Y, 5) * MARGINS
    own = optax.losses.softmax_cross_entropy_with_integer_labels(lowered, Y)
    return (own + 1e-2 * log_z**2).mean()


def ours(x: Any) -> Any:
    return losses.cross_entropy(x, Y, form=FORM)


def of_mass(x: Any) -> Any:
    """By the dense rows, which have another formula."""
    return losses.cross_entropy(x, np.eye(5)[Y], form=FORM)


def test_value_gradient_and_hessian() -> None:
    with jax.enable_x64(True):
        x = jax.numpy.asarray(X)
        expected, slopes = jax.value_and_grad(theirs)(x)
        curvature = jax.jit(jax.hessian(theirs))(x)
        for loss in (ours, of_mass):
            value, gradient = jax.value_and_grad(loss)(x)
            np.testing.assert_allclose(value, expected, rtol=1e-12)
            np.testing.assert_allclose(gradient, slopes, rtol=1e-9, atol=1e-14)
            np.testing.assert_allclose(jax.hessian(loss)(x), curvature, rtol=1e-8, atol=1e-13)


def test_second_derivatives_of_two_classes() -> None:
    form = losses.Logits(0.7, 3.0, (-0.5, -1.0), (0.1, 0.5))
    bits = np.array([0.0, 1.0, 0.25, 0.0, 1.0])

    def written(x: Any) -> Any:
        z = 3.0 * jax.numpy.tanh(x / 3.0) / 0.7 - 0.5
        return (bits * jax.nn.softplus(-(z - 0.5)) + (1.0 - bits) * jax.nn.softplus(z + 0.1)).mean()

    with jax.enable_x64(True):
        x = jax.numpy.asarray([0.0, 0.5, -1.0, 4.0, -20.0])
        expected = jax.jit(jax.hessian(written))(x)
        found = jax.hessian(lambda x: losses.binary_cross_entropy(x, bits, form=form))(x)
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-13)
