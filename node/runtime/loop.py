"""The event loop of a process: uvloop where there is one (it costs a payment 10 us less), asyncio's own elsewhere."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end in a loop of its own."""
    try:
        import uvloop
    except ImportError:  # Windows has none
        return asyncio.run(main)
    result: Result = uvloop.run(main)
    return result
