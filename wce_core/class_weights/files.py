"""Labels in files, a piece at a time: .npy, .npz, .csv, Parquet, a folder of PNG masks."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np

UNREADABLE = (OSError, ValueError, EOFError, csv.Error, BadZipFile, zlib.error)
"""What readers raise of files that are damaged or of another kind."""
PIECE = 2**22
"""Labels read at a time."""
ROWS = 2**16
"""Lines of text read at a time."""


class Source(NamedTuple):
    """Labels of one file or folder."""

    pieces: int | None
    """How many; None: it shows at the end."""
    labels: Iterator[np.ndarray]
    images: bool
    """Is each piece made of whole images?"""
    files: Sequence[Path] = ()
    """That of each piece; empty: all are of one."""


def source(path: Path, column: str | None = None) -> Source:
    """The labels of a file, or of a folder of PNG masks.

    ``column`` names the column of a table, or the array of an .npz file; it is needed where there
    are several.

    Raises
    ------
    ValueError
        For a file that is not there, that can't be read, or that holds no such column.

    """
    if path.is_dir():
        return _masks(path, column)
    if not path.exists():
        raise ValueError(f"{path} does not exist")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(
            f"{path} has the ending {path.suffix!r}; expected one of {', '.join(READERS)}, "
            "or a folder of .png masks"
        )
    with _named(path):
        found = reader(path, column)
    return found._replace(labels=_named_pieces(path, found.labels))


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors of reading say of what."""
    try:
        yield
    except UNREADABLE as error:
        raise ValueError(f"{path} can't be read: {error}") from error


def _named_pieces(path: Path, pieces: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    with _named(path):
        yield from pieces


def _npy(path: Path, column: str | None) -> Source:
    if column is not None:
        raise ValueError(f"an .npy file has no columns, so no {column!r}")
    return _array(np.load(path, mmap_mode="r", allow_pickle=False))


def _npz(path: Path, column: str | None) -> Source:
    with path.open("rb") as file:  # which NumPy leaves open if it is no archive
        arrays = np.load(file, allow_pickle=False)
        if isinstance(arrays, np.ndarray):
            raise ValueError("it holds one array, as .npy files do, and is no archive")
        return _array(arrays[chosen(column, list(arrays))])


def _array(array: np.ndarray) -> Source:
    """Along the leading axis; of an array of several axes each entry is an image or a row."""
    if array.ndim == 0:
        raise ValueError("it holds a single number, no labels")
    step = max(1, PIECE // max(1, int(np.prod(array.shape[1:]))))
    starts = range(0, len(array), step)
    pieces = (np.asarray(array[start : start + step]) for start in starts)
    return Source(len(starts), pieces, array.ndim > 2)


def _csv(path: Path, column: str | None) -> Source:
    with path.open(newline="", encoding="utf-8-sig") as file:
        head = next(csv.reader(file), None)
    if head is None:
        raise ValueError("it is empty")
    named = not all(_is_number(cell) for cell in head)
    names = head if named else [str(i) for i in range(len(head))]
    place = names.index(chosen(column, names))
    return Source(None, _csv_pieces(path, place, skip=named), images=False)


def _csv_pieces(path: Path, place: int, *, skip: bool) -> Iterator[np.ndarray]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        if skip:
            next(rows)
        while piece := [_label(row, place, rows.line_num) for row in islice(rows, ROWS)]:
            yield np.array(piece, np.int64)


def _label(row: list[str], place: int, line: int) -> int:
    got = row[place] if place < len(row) else ""
    try:
        label = int(got)
        if abs(label) < 2**63:
            return label
    except ValueError:
        pass
    raise ValueError(f"line {line} holds {got or 'nothing'!r}; expected a class index")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parquet(path: Path, column: str | None) -> Source:
    try:
        from pyarrow import parquet
    except ImportError:
        raise ValueError("Parquet files need the package pyarrow") from None
    file: Any = parquet.ParquetFile(path)
    name = chosen(column, list(file.schema_arrow.names))
    pieces = (
        _without_nulls(batch.column(0), name)
        for batch in file.iter_batches(batch_size=PIECE, columns=[name])
    )
    return Source(max(1, -(-file.metadata.num_rows // PIECE)), pieces, images=False)


def _without_nulls(column: Any, name: str) -> np.ndarray:
    if column.null_count:
        raise ValueError(f"column {name!r} has {column.null_count} missing values")
    values: np.ndarray = column.to_numpy(zero_copy_only=False)
    return values


def _masks(folder: Path, column: str | None) -> Source:
    if column is not None:
        raise ValueError(f"a folder of masks has no columns, so no {column!r}")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png")
    if not paths:
        raise ValueError(f"{folder} holds no .png files")
    return Source(len(paths), (_mask(path) for path in paths), images=True, files=paths)


def _mask(path: Path) -> np.ndarray:
    """One image: the numbers of its pixels, which are indices into a palette or grey levels."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise ValueError("PNG masks need the package pillow") from None
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image)
    except (*UNREADABLE, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} can't be read: {error}") from error
    if pixels.ndim != 2:
        raise ValueError(
            f"{path} has {pixels.shape[-1]} channels; expected one, which holds class indices"
        )
    return pixels[None]


def chosen(column: str | None, names: list[str]) -> str:
    """The column asked for, or the only one."""
    if column is None and len(names) == 1:
        return names[0]
    if column not in names:
        listed = ", ".join(names[:20]) or "none"
        what = "no column is named" if column is None else f"there is no column {column!r}"
        raise ValueError(f"{what}; --column is one of: {listed}")
    return column


Reader = Callable[[Path, "str | None"], Source]
READERS: dict[str, Reader] = {
    ".npy": _npy,
    ".npz": _npz,
    ".csv": _csv,
    ".parquet": _parquet,
    ".pq": _parquet,
}
