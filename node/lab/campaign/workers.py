"""Who runs the scenarios of a campaign: this process, several, or a Dask cluster. The results are the same."""

import importlib
import os
import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from chain.errors import MithqalError

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
TIMEOUT_S = 10
_ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?([^\s/:\[\]]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}")


class Pending(Protocol[T_co]):
    """Work that somebody does."""

    def result(self) -> T_co:
        """What it came to, once it is done."""


class Pool(Protocol):
    """Who does it."""

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Pending[T]:
        """Ask for work."""


class _Later(Generic[T]):
    """Work of this process, done when it is asked for."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call

    def result(self) -> T:
        """Do it."""
        return self._call()


class _Here:
    """This process."""

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Pending[T]:
        """Nothing happens before the result is asked for."""
        return _Later(lambda: call(*args, **kwargs))


class _Processes:
    """Processes of this machine. Ctrl-C is for whoever asked: workers never hear it, and the pool is not cut short."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def submit(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Pending[T]:
        """Ask for work."""
        with _deaf():
            return self._pool.submit(call, *args, **kwargs)


def _begin() -> None:
    """A worker hears no Ctrl-C, and ends with the process that it works for, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        Thread(target=_outlive, args=(parent.sentinel,), daemon=True).start()


def _outlive(sentinel: int) -> None:
    """Wait for the end of another process, and end with it."""
    wait([sentinel])
    os._exit(1)


@contextmanager
def _deaf() -> Iterator[None]:
    """An interrupt waits until the end of this; what is started meanwhile inherits that it does not hear it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def workers(processes: int = 1, dask: str | None = None) -> Iterator[Pool]:
    """So many processes, or the cluster at an address; what was not done when the block ends is dropped.

    Raises MithqalError `bad_argument`, `cluster_missing` when the package is not installed and `cluster_unreachable`.
    """
    if dask is not None:
        client = _client(dask)
        try:
            yield client
        finally:
            client.close()
    elif processes <= 1:
        yield _Here()
    else:
        others = set(active_children())
        pool = ProcessPoolExecutor(processes, initializer=_begin)
        try:
            yield _Processes(pool)
        finally:
            with _deaf():
                pool.shutdown(wait=False, cancel_futures=True)
                for worker in set(active_children()) - others:
                    worker.terminate()
                pool.shutdown()


def _client(address: str) -> Any:
    """A client of a cluster whose workers have this package (`pip install 'mithqal[cluster]'`)."""
    if not _ADDRESS.fullmatch(address):
        text = f"--dask is {address[:80]!r}: a scheduler is named tcp://HOST:PORT"
        raise MithqalError(text, name="bad_argument", address=address[:80])
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        text = "--dask needs the package distributed: pip install 'mithqal[cluster]'"
        raise MithqalError(text, name="cluster_missing") from error
    try:
        client = distributed.Client(address, timeout=TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        text = f"no Dask scheduler answers at {address[:80]}; start one (dask scheduler) and name it as tcp://HOST:PORT"
        raise MithqalError(text, name="cluster_unreachable", address=address[:80]) from error
    if not client.nthreads():
        client.close()
        text = f"the Dask scheduler at {address[:80]} has no workers: start one (dask worker ADDRESS)"
        raise MithqalError(text, name="cluster_unreachable", address=address[:80])
    return client
