"""Numbers as unevaluated sums of two float64 arrays, on which every formula runs as it stands.

``steps``: additions and products whose rounding error is another float64 number, in forms that no
compiler changes. ``array``: the array type. ``elementary``: exp, expm1, log and log1p.
``namespace`` and ``ops``: what mathematics asks of arrays, of these.

Accuracy and range are those of :mod:`wce_core.arrays.double.array`.
"""
