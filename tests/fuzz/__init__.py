"""Random calls of the losses, with every option, against the oracle: ``python -m fuzz``.

``kinds``: the numbers that an array may hold. ``arrays``: arrays of them. ``options``: arguments of
every parameter. ``calls``: a whole call. ``running``: its outcomes, judged. ``showing``: a call as
Python. Everything that has a registry (losses, weightings, reductions, forms, soft rules) is drawn
from it, and a parameter or an entry that nothing is drawn for is an error.
"""
