"""Checksums of the vector files, as ``sha256sum --check SHA256SUMS`` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

NAME = "SHA256SUMS"


def text(files: Mapping[str, bytes]) -> str:
    """A line for each file, by name."""
    return "".join(f"{sha256(own).hexdigest()}  {name}\n" for name, own in sorted(files.items()))


def of_folder(folder: Path) -> str:
    """Of all JSON files that are there, the schema too."""
    return text({file.name: file.read_bytes() for file in folder.glob("*.json")})
