"""Make the next items of an iterator in a thread while the reader works on the last one: both cores work."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from queue import Queue

DEPTH = 2


def ahead[T](items: Iterator[T], depth: int = DEPTH) -> Generator[T]:
    """The items in their order, at most ``depth`` of them made in advance.

    An error is raised where its item would stand. The thread has ended when the iteration has, also when the reader
    leaves early.
    """
    queue: Queue[tuple[T] | BaseException | None] = Queue(maxsize=depth)
    stop = threading.Event()

    def make() -> None:
        try:
            for item in items:
                if stop.is_set():
                    return
                queue.put((item,))
            queue.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again by the reader below
            queue.put(error)

    worker = threading.Thread(target=make, daemon=True)
    worker.start()
    try:
        while (told := queue.get()) is not None:
            if isinstance(told, BaseException):
                raise told
            yield told[0]
    finally:
        stop.set()
        while worker.is_alive():
            while not queue.empty():
                queue.get_nowait()
            worker.join(timeout=0.01)
