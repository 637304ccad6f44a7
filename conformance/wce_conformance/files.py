"""Files that are read and written whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def text_of(file: Path) -> str | None:
    """None where there is no such file."""
    return file.read_text(encoding="utf-8") if file.exists() else None


def changed(folder: Path, texts: Mapping[str, str]) -> list[str]:
    """The names of files that are not there, or have another text."""
    return [name for name, text in texts.items() if text_of(folder / name) != text]


def put(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write those that are new or have changed, and give them back."""
    files = [folder / name for name in changed(folder, texts)]
    for file in files:
        file.write_text(texts[file.name], encoding="utf-8")
    return files


def replace(file: Path, text: str) -> None:
    """Written beside it, then put in its place: whoever is interrupted leaves a whole file."""
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(file)
