"""Work for an executor of `concurrent.futures`, with the results in order, whoever does it and whenever it is done."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from typing import Any

from distsys.core.errors import ArgumentTypeError, DistsysError, callback, shown, whole_number

Progress = Callable[[int, int], None]


class SweepError(DistsysError):
    """The executor failed, not a run: a worker died, or could not be started."""


class Serial(Executor):
    """An executor that does the work itself, at once: for tests, and where processes cannot be had."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it, and return the future with its result."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as problem:
            future.set_exception(problem)
        return future


def in_order(
    function: Callable[[Any], Any],
    work: Sequence[Any],
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    sizes: Sequence[int] | None = None,
) -> list[Any]:
    """Return `function` of each piece of work, in the order of the work, whoever does it and when it is done.

    `sizes` says how much each piece counts for the `progress`.
    """
    if executor is not None and not hasattr(executor, "submit"):
        raise ArgumentTypeError(f"executor must be one of concurrent.futures, but it is {shown(executor)}")
    if workers is not None:
        whole_number("workers", workers, at_least=1)
    if progress is not None:
        callback("progress", progress)
    count = min(workers or (32 if executor else os.cpu_count() or 1), max(1, len(work)))
    weights = [1] * len(work) if sizes is None else list(sizes)
    if executor is not None:
        return _handed_out(executor, function, work, count, progress, weights)
    with Serial() if count == 1 else ProcessPoolExecutor(count) as pool:
        return _handed_out(pool, function, work, count, progress, weights)


def _handed_out(
    pool: Executor, function: Callable[[Any], Any], work: Sequence[Any], workers: int,
    progress: Progress | None, weights: Sequence[int],
) -> list[Any]:  # fmt: skip
    """Hand out the work, a few pieces at a time, so that an error ends it soon."""
    total, done = sum(weights), 0
    results: dict[int, Any] = {}
    pending: dict[Future[Any], int] = {}
    left = list(reversed(range(len(work))))
    try:
        while left or pending:
            while left and len(pending) < 2 * workers:
                place = left.pop()
                pending[pool.submit(function, work[place])] = place
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                place = pending.pop(future)
                results[place] = future.result()
                done += weights[place]
                if progress is not None:
                    progress(done, total)
    except BrokenExecutor as problem:
        raise SweepError(
            f"a worker died ({problem}) with {done} of {total} done; with `workers=1` the work is done here, where a "
            "crash shows what it comes from"
        ) from problem
    finally:
        for future in pending:
            future.cancel()
    return [results[place] for place in range(len(work))]
