"""Where float64 numbers change what they are rounded to, as float32 has it."""

HALF = 1 << 28
"""Half a spacing of float32 numbers, in ulps of float64: the middle between two of them has a 1
there among its last 29 bits, and no other."""
MOST = HALF - 1
"""Ulps from which every number is near to a middle."""
SMALLEST_BITS = (1023 - 126) << 52
"""The bits of float32's smallest normal number, below which results are 0."""
WITHOUT_SIGN = 2**63 - 1
"""The bits of a float64 number that are not its sign."""
