"""A validator process whose program uses one unit of gas too many: `python wrong_fee.py DIR`, for tests only."""

from typing import Any

from chain.execution import executor
from chain.execution.gas import gas_of
from node.runtime.process import main


def wrong(*arguments: Any) -> int:
    """One more than what the others' program says."""
    return gas_of(*arguments) + 1


if __name__ == "__main__":
    setattr(executor, "gas_of", wrong)  # noqa: B010 - it is not the executor's own name
    main()
