"""Every vector through an implementation, by every route and at every precision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, TypeAlias

from wce_conformance.implementation import Given, Implementation, Refused
from wce_conformance.judging.vectors import Judgement, Status, judged
from wce_conformance.repeating import repeated
from wce_conformance.sampling import in_sample
from wce_conformance.vectors import Vector, load_vectors


class Task(NamedTuple):
    """One run of a vector."""

    vector: Vector
    route: str
    precision: str


class Record(NamedTuple):
    """What came of it. `kind`: the dtype, or "invalid" for a call to be refused."""

    vector: str
    flags: tuple[str, ...]
    kind: str
    route: str
    precision: str
    judgement: Judgement

    @property
    def status(self) -> Status:
        """Passed, failed, or not offered."""
        return self.judgement.status


class Choice(NamedTuple):
    """What to run: the first `limit` vectors, some routes and precisions; empty means all."""

    routes: tuple[str, ...] = ()
    precisions: tuple[str, ...] = ()
    limit: int | None = None
    everything: bool = False
    path: Path | None = None


Advance: TypeAlias = Callable[[Record], object]


def tasks(implementation: Implementation, choice: Choice, vectors: Sequence[Vector]) -> list[Task]:
    """All runs; of a slow route only a sample, the same every time."""
    return [
        Task(vector, route, precision)
        for route in implementation.routes
        for precision in implementation.precisions
        for vector in vectors[: choice.limit]
        if (not choice.routes or route in choice.routes)
        and (not choice.precisions or precision in choice.precisions)
        and (choice.everything or in_sample(vector, implementation.sampled.get(route, 1)))
    ]


def records(implementation: Implementation, todo: Iterable[Task]) -> Iterator[Record]:
    """Run and judge, one by one."""
    for vector, route, precision in todo:
        judgement = _judgement(implementation, vector, route, precision)
        kind = vector.dtype if vector.error is None else "invalid"
        yield Record(vector.id, vector.flags, kind, route, precision, judgement)


def run(
    implementation: Implementation,
    choice: Choice = Choice(),  # noqa: B008  # immutable
    advance: Advance = lambda record: None,
) -> list[Record]:
    """All records, in this process."""
    vectors = load_vectors(choice.path)
    done = []
    for record in records(implementation, tasks(implementation, choice, vectors)):
        advance(record)
        done.append(record)
    return done


def _judgement(
    implementation: Implementation, vector: Vector, route: str, precision: str
) -> Judgement:
    if not implementation.offers(vector):
        return Judgement("not offered")
    if route in implementation.repeated:
        vector = repeated(vector)
    try:
        given: Given = implementation.run(vector, route, precision)
    except Exception as error:  # whatever an implementation does, the run goes on
        given = Refused(type(error).__name__, str(error).partition("\n")[0])
    return judged(vector, given, exact=precision == "exact")


def run_backend(
    backend: str, choice: Choice, jobs: int, advance: Advance = lambda record: None
) -> list[Record]:
    """wce_core on a framework, shared out to processes of their own."""
    if jobs == 1:
        from wce_conformance.this_library import WceCore

        return run(WceCore(backend), choice, advance)
    parts = [(backend, choice, share, jobs * SHARES) for share in range(jobs * SHARES)]
    done = []
    for first in range(0, len(parts), jobs * RENEWED):
        # Frameworks start threads, which a forked process would inherit half-made.
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            for part in pool.map(_part, parts[first : first + jobs * RENEWED]):
                for record in part:
                    advance(record)
                    done.append(record)
    return done


SHARES, RENEWED = 8, 2
"""How many parts there are for each process, for a smooth progress bar, and after how many another
takes its place: of everything compiled, TensorFlow keeps more than a gigabyte a part. (The pool's
own way of renewing processes stops for good in Python 3.11.)"""


def _part(share: tuple[str, Choice, int, int]) -> list[Record]:
    from wce_conformance.this_library import WceCore

    backend, choice, number, count = share
    implementation = WceCore(backend)
    todo = tasks(implementation, choice, load_vectors(choice.path))
    return list(records(implementation, todo[number::count]))
