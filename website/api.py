"""The pages of functions and classes: one for each public module, made of its ``__all__``."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType
from typing import NamedTuple


class Module(NamedTuple):
    """A public module, and what it is for."""

    name: str
    purpose: str
    names: tuple[str, ...] = ()
    """Of a module without ``__all__``."""

    @property
    def title(self) -> str:
        """Its name without that of the package."""
        return self.name.removeprefix("wce_core.")


MODULES = (
    Module("wce_core", "Value and gradient, sums, explanations, calibration."),
    Module("wce_core.losses", "Every loss."),
    Module("wce_core.metrics", "Every metric."),
    Module("wce_core.class_weights", "Weights from labels."),
    Module("wce_core.torch", "Losses as PyTorch modules."),
    Module("wce_core.torch.torchmetrics", "Sums of an epoch.", ("Accumulated",)),
    Module("wce_core.keras", "Losses and metrics of Keras."),
    Module("wce_core.jax", "Losses as optax has them, metrics as clu has them."),
    Module("wce_core.tensorflow", "Exports without float64."),
    Module("wce_core.sklearn", "Scorers of scikit-learn."),
    Module(
        "wce_core.objectives",
        "Objectives of XGBoost and LightGBM.",
        ("xgboost", "lightgbm", "derivatives"),
    ),
    Module("wce_core.dialects.torch", "PyTorch's losses by their names."),
    Module("wce_core.dialects.tf.nn", "TensorFlow's losses by their names."),
    Module("wce_core.dialects.keras", "Keras 3's losses by their names."),
    Module("wce_core.dialects.keras2", "Keras 2's losses by their names."),
    Module("wce_core.dialects.optax", "optax' losses by their names."),
    Module("wce_core.dialects.onnx", "ONNX' losses by their names."),
    Module("wce_core.dialects.sklearn", "scikit-learn's losses by their names."),
)


def path(module: Module) -> str:
    """Where its page is, in the site.

    >>> path(MODULES[1])
    'api/losses.md'
    """
    return f"api/{module.title}.md"


def documented(module: Module) -> list[str]:
    """The functions and classes of a module that its page shows, in the module's order."""
    found = importlib.import_module(module.name)
    names = module.names or found.__all__
    return [name for name in names if _is_documented(getattr(found, name))]


def _is_documented(thing: object) -> bool:
    """Modules have pages of their own; constants and aliases of types have no docstring."""
    return not isinstance(thing, ModuleType) and callable(thing) and bool(inspect.getdoc(thing))


def page(module: Module) -> str:
    """A page in Markdown, which mkdocstrings fills with signatures and docstrings."""
    lines = [f"# `{module.name}`", "", module.purpose, ""]
    for name in documented(module):
        lines += [f"::: {module.name}.{name}", ""]
    return "\n".join(lines)


def index() -> str:
    """The list of all pages."""
    head = "# Functions and classes\n\nMade from the docstrings, which `help()` shows, too.\n\n"
    rows = [f"* [`{module.name}`]({module.title}.md): {module.purpose}\n" for module in MODULES]
    return head + "".join(rows)
