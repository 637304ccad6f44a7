"""Checksums of the vector files, as ``sha256sum --check SHA256SUMS`` reads them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

NAME = "SHA256SUMS"


def of_folder(folder: Path) -> str:
    """A line for each JSON file that is there, by name; the schema too."""
    files = sorted(folder.glob("*.json"))
    return "".join(f"{sha256(own.read_bytes()).hexdigest()}  {own.name}\n" for own in files)
