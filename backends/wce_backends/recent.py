"""What was used lately: bounded, and what is in use is not given up for what is new."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """Values by key, of sizes that come to ``room`` at most.

    Evicting the least recently used would evict everything where more kinds come in turn than
    there is room for. Here nothing is evicted before ``patience`` others were turned away, and then
    only what nobody asked for since the last time.
    """

    def __init__(self, room: int, patience: int) -> None:
        self._room, self._patience = room, patience
        self._used: dict[Hashable, tuple[V, int]] = {}
        self._unused: dict[Hashable, tuple[V, int]] = {}
        """Kept, but not asked for since the last eviction."""
        self._full, self._turned_away = False, 0

    def __len__(self) -> int:
        return len(self._used) + len(self._unused)

    def values(self) -> list[V]:
        """All of them, which does not count as a use."""
        return [value for held in (self._used, self._unused) for value, _ in list(held.values())]

    def get(self, key: Hashable) -> V | None:
        """The value, which is in use from now on."""
        found = self._used.get(key)
        if found is None:
            found = self._unused.pop(key, None)
            if found is None:
                return None
            self._used[key] = found
        return found[0]

    def has_room(self) -> bool:
        """Asked before a value is made for :meth:`keep`."""
        if not self._full:
            return True
        self._turned_away += 1
        if self._turned_away > self._patience:
            self._unused, self._used = self._used, {}
            self._full, self._turned_away = self._size() >= self._room, 0
        return not self._full

    def keep(self, key: Hashable, value: V, size: int) -> bool:
        """Remember it; False where it is too large for the room that is left."""
        held = self._size() + size
        self._full = held >= self._room
        if held <= self._room:
            self._used[key] = value, size
        return held <= self._room

    def forget(self, key: Hashable) -> None:
        """Drop it. Safe within a callback of the garbage collector: nothing is locked or walked."""
        self._used.pop(key, None)
        self._unused.pop(key, None)
        self._full = False

    def _size(self) -> int:
        return sum(size for held in (self._used, self._unused) for _, size in list(held.values()))
