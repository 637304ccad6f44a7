"""The losses of segmentation_models_pytorch, without its models.

These need torchvision, whose usual build does not import beside a PyTorch for CPUs. The losses
need PyTorch alone.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

PACKAGE = "segmentation_models_pytorch"


def smp_losses() -> Any:
    """The module ``segmentation_models_pytorch.losses``; the package's own code is not run."""
    if PACKAGE not in sys.modules:
        spec = find_spec(PACKAGE)
        if spec is None:
            raise ModuleNotFoundError(f"install it: pip install --no-deps {PACKAGE}")
        sys.modules[PACKAGE] = module_from_spec(spec)
    return import_module(f"{PACKAGE}.losses")
