"""docs/dialects.md is made of the registry, and every line of it holds."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import sklearn._loss
import sklearn.metrics
import sklearn.utils.class_weight
import torch
from test_faults import FAULT_TESTS
from test_onnx import evaluated

from wce_conformance.adapters import adapter
from wce_core import dialects, losses
from wce_core.dialects.registry import Dialect, Migration, registry

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import keras
    import tf_keras
    from keras.src.trainers.data_adapters.data_adapter_utils import class_weight_to_sample_weights

adapter("tensorflow")
import tensorflow as tf  # noqa: E402  # after the adapter has quietened it

PAGE = Path(__file__).parents[2] / "docs" / "dialects.md"
HEAD = """# Dialects: other libraries' losses on any framework

`wce_core.dialects` has other libraries' weighted losses under their own names, arguments, defaults
and conventions, on arrays of NumPy, JAX, PyTorch and TensorFlow alike. A dialect translates to the
losses of this library; it imports no framework. Where a library is wrong, its dialect is not:
[differences](#differences) lists these places.

In the tables, `x` are logits, `p` probabilities whose rows sum to 1, `y` class indices, `q` rows of
targets that sum to 1, `t` binary targets, `w` weights of classes or labels, `s` weights of items,
ε label smoothing; `P` is `losses.Probabilities`, `F` is `torch.nn.functional`, `v1` is
`tf.compat.v1.losses`. Every call is run by the tests, with the versions in the headings. This
page is made by `WRITE_TABLES=1 nox -s agreement -- tests/dialects/test_page.py`.
"""

TABLE = registry()
RNG = np.random.default_rng(5)
X = RNG.normal(size=(3, 3))
Q = RNG.dirichlet(np.ones(3), 3)
ARRAYS = {
    "x": X,
    "p": np.exp(X) / np.exp(X).sum(axis=1, keepdims=True),
    "y": np.array([1, 0, 2]),
    "q": Q,
    "t": np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0]]),
    "w": np.array([0.5, 2.0, 3.0]),
    "s": np.array([2.0, 0.0, 0.5]),
}


def weighted_masked_objective(fn: Any) -> Any:
    """Keras 2.2.4 without a mask."""
    return lambda y, x, weights: (np.asarray(fn(y, x)) * weights).mean() / (weights != 0).mean()


def onnx(operator: str, x: Any, y: Any, w: Any = None, **attributes: Any) -> Any:
    return evaluated(operator, {"x": x, "y": y, "w": w}, 1, **attributes)[0]


def names(library: str) -> dict[str, Any]:
    own = {"torch": "torch", "tensorflow": "tensorflow", "keras2": "numpy", "optax": "jax"}
    converted = adapter(own.get(library, "numpy"))
    logarithms = {"torch": torch.log, "tensorflow": tf.math.log, "optax": jnp.log}
    return {
        **{name: converted.array(array) for name, array in ARRAYS.items()},
        **{"F": torch.nn.functional, "keras": keras, "tf_keras": tf_keras, "tf": tf},
        **{"v1": tf.compat.v1.losses, "optax": optax, "sklearn": sklearn, "onnx": onnx},
        "class_weight_to_sample_weights": class_weight_to_sample_weights,
        "weighted_masked_objective": weighted_masked_objective,
        "log": logarithms.get(library, np.log),
    }


def told(expression: str, known: dict[str, Any]) -> np.ndarray:
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = eval(expression, known)  # our own registry
        return np.asarray(value.detach() if isinstance(value, torch.Tensor) else value)


OWN = {**ARRAYS, "dialects": dialects, "losses": losses, "P": losses.Probabilities, "log": np.log}


@pytest.mark.parametrize("row", TABLE.dialects, ids=lambda row: row.path)
def test_the_three_calls_of_a_row_are_the_same(row: Dialect) -> None:
    ours = told(row.ours, OWN)
    with jax.enable_x64(True):
        theirs = told(row.theirs, names(row.library))
    np.testing.assert_allclose(ours, theirs, rtol=2e-6)
    assert np.isfinite(ours).all()
    if row.core:
        np.testing.assert_allclose(told(row.core, OWN), ours, rtol=1e-12)


@pytest.mark.parametrize("row", TABLE.migrations, ids=lambda row: row.task)
def test_all_cells_of_a_migration_are_the_same(row: Migration) -> None:
    core = told(row.core, OWN)
    for library, expression in row.libraries.items():
        with jax.enable_x64(True):
            theirs = told(expression, names(library))
        np.testing.assert_allclose(theirs, core, rtol=2e-6, err_msg=expression)


def test_every_dialect_is_registered() -> None:
    modules = {
        "torch": dialects.torch,
        "keras": dialects.keras,
        "keras2": dialects.keras2,
        "tf.nn": dialects.tf.nn,
        "tf.compat.v1.losses": dialects.tf.compat.v1.losses,
        "optax": dialects.optax,
        "onnx": dialects.onnx,
        "sklearn": dialects.sklearn,
    }
    public = {f"{path}.{name}" for path, module in modules.items() for name in module.__all__}
    assert {row.path for row in TABLE.dialects} == public - {"tf.compat.v1.losses.Reduction"}


def test_faults_are_named_and_shown() -> None:
    assert {name for row in TABLE.dialects for name in row.faults} == set(TABLE.faults)
    assert set(FAULT_TESTS) == set(TABLE.faults)


def test_versions_are_those_installed() -> None:
    import onnx as onnx_package

    installed = {
        "torch": f"PyTorch {torch.__version__.partition('+')[0]}",
        "keras": f"Keras {keras.__version__}",
        "keras2": f"tf-keras {tf_keras.__version__}",
        "tensorflow": f"TensorFlow {tf.__version__}",
        "optax": f"optax {optax.__version__}",
        "onnx": f"onnx {onnx_package.__version__}",
        "sklearn": f"scikit-learn {sklearn.__version__}",
    }
    assert installed == TABLE.versions


# The page ----------------------------------------------------------------------------------------


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def code(text: str) -> str:
    return f"`{cell(text)}`" if text else "–"


def dialect_line(row: Dialect) -> str:
    conventions = row.conventions or "–"
    marks = " ".join(f"[{name}](#{name})" for name in row.faults) or "–"
    return (
        f"| `{row.path}` | {cell(row.formula)} | {cell(row.denominator)} | {cell(conventions)} | "
        f"{code(row.theirs)} | {code(row.core)} | {marks} |"
    )


def dialect_tables() -> str:
    text = "\n## Translations\n"
    for library, version in TABLE.versions.items():
        text += f"\n### {version}\n\n"
        text += (
            "| `wce_core.dialects.` | item loss | mean divides by | conventions | a call there | "
            "the same by the core | differences |\n|---|---|---|---|---|---|---|\n"
        )
        text += "".join(dialect_line(r) + "\n" for r in TABLE.dialects if r.library == library)
    return text


def fault_table() -> str:
    text = (
        "\n## Differences\n\nWhere a dialect gives a different result from its library, and why. "
        "Each difference is measured by a test, in the\nversion that is named here.\n\n"
        "| | measured in | the library |\n|---|---|---|\n"
    )
    for name, fault in TABLE.faults.items():
        library = TABLE.versions[fault.library]
        text += f'| <a id="{name}"></a>{name} | {library} | {cell(fault.text)} |\n'
    return text


def migration_table() -> str:
    text = (
        "\n## Migration\n\nFind the call that you use in one library. The other rows of its "
        "table are the same loss in other libraries.\n"
    )
    for row in TABLE.migrations:
        text += f"\n### {row.task}\n\n| library | call |\n|---|---|\n"
        text += f"| wce_core | {code(row.core)} |\n"
        for library, version in TABLE.versions.items():
            if library in row.libraries:
                text += f"| {version.rpartition(' ')[0]} | {code(row.libraries[library])} |\n"
    return text


def made() -> str:
    return HEAD + dialect_tables() + migration_table() + fault_table()


def test_the_page_is_made_of_the_registry() -> None:
    if os.environ.get("WRITE_TABLES"):
        PAGE.write_text(made(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made()
