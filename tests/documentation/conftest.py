"""Other libraries' spellings are tested where these libraries are."""

from importlib.util import find_spec

LIBRARIES = ("torch", "keras", "tensorflow", "optax")
collect_ignore = [] if all(map(find_spec, LIBRARIES)) else ["test_spellings.py"]
