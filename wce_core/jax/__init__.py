"""JAX's own habits: configured losses are pytrees. Importing this module imports JAX."""

from wce_core.losses.registry import CONFIGURED

from .pytrees import register

for kind in CONFIGURED:
    register(kind, kind._weights, kind.__getstate__, kind._restored)
