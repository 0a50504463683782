"""A validator process whose program uses one unit of gas too many: `python wrong_fee.py DIR`, for tests only."""

from chain.execution import executor
from node.runtime.process import main

_RIGHT = executor.gas_of

if __name__ == "__main__":
    executor.gas_of = lambda *arguments: _RIGHT(*arguments) + 1  # type: ignore[assignment]
    main()
