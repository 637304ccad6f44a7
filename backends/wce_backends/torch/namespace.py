"""The array API namespace of PyTorch, but for sums that Inductor would add up one by one."""

# ruff: noqa: A001, F403, F821  (all names are the standard's, by array-api-compat)

from __future__ import annotations

from array_api_compat.torch import *

from .summing import summed

sum = summed

del classes, ops  # type: ignore[name-defined]  # the wildcard brings them, unseen by mypy; no functions
