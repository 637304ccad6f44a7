"""The demo: weighted logistic regressions on real images, in every installed framework.

Needs the extra ``demo``. ``wce-core demo`` runs it.
"""

from .run import run

__all__ = ["run"]
