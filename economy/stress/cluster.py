"""The same blocks on an existing Dask cluster (`pip install 'mithqal[cluster]'`), whose workers have this package."""

import importlib
import re
from collections.abc import Sequence
from typing import Any

from economy.errors import ParameterError
from economy.stress.plan import Done, Plan, Tasks, run_block

TIMEOUT_S = 10
_ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?([^\s/:\[\]]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5}")
IN_FLIGHT = 4
"""Tasks a worker thread may have waiting, so that results do not pile up."""


def on_cluster(plans: Sequence[Plan], tasks: Tasks, address: str) -> Done:
    """Each task and its outcome as they finish; ParameterError `bad_parameter` for what is no address,
    `cluster_missing`, `cluster_unreachable`."""
    if not _ADDRESS.fullmatch(address):
        message = f"--dask is {address[:80]!r}: a scheduler is named tcp://HOST:PORT"
        raise ParameterError(message, address=address[:80])
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        message = "--dask needs the package distributed: pip install 'mithqal[cluster]'"
        raise ParameterError(message, name="cluster_missing") from error
    try:
        client = distributed.Client(address, timeout=TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        message = (
            f"no Dask scheduler answers at {address[:80]}; start one (dask scheduler) and name it as tcp://HOST:PORT"
        )
        raise ParameterError(message, name="cluster_unreachable", address=address[:80]) from error
    with client:
        if not client.nthreads():
            message = f"the Dask scheduler at {address[:80]} has no workers: start one (dask worker ADDRESS)"
            raise ParameterError(message, name="cluster_unreachable", address=address[:80])
        shared = client.scatter(list(plans), broadcast=True, hash=False)
        left = iter(tasks)
        known = {}
        finished = distributed.as_completed(loop=client.loop, with_results=True)
        for task in left:
            future = client.submit(run_block, shared[task.plan], task.block, task.paths, pure=False)
            known[future.key] = task
            finished.add(future)
            if len(known) >= IN_FLIGHT * sum(client.nthreads().values()):
                break
        for future, outcome in finished:
            yield known.pop(future.key), outcome
            for task in left:
                following = client.submit(run_block, shared[task.plan], task.block, task.paths, pure=False)
                known[following.key] = task
                finished.add(following)
                break
