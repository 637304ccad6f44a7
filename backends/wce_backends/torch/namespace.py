"""The array API namespace of PyTorch, but for sums that Inductor would add up one by one."""

# ruff: noqa: F403  (all of array-api-compat's names)

from __future__ import annotations

from array_api_compat.torch import *
