"""Which cases are seen where all of them take too long; with ``WCE_EVERY_CASE`` all of them."""

from __future__ import annotations

import os

from wce_conformance.sampling import Named, in_sample

EVERY = bool(os.environ.get("WCE_EVERY_CASE"))


def is_seen(case: Named, one_in: int) -> bool:
    """Is it in a sample of one in so many, or are all of them seen?"""
    return EVERY or in_sample(case, one_in)
