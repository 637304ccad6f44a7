"""Test vectors: cases with their answers, as JSON files that any language can read.

`vectors/v1` holds the files and their JSON Schema. A version is only ever added to.
"""

from wce_conformance.vectors.reading import FOLDER, load_vectors
from wce_conformance.vectors.vector import Vector

__all__ = ["FOLDER", "Vector", "load_vectors"]
