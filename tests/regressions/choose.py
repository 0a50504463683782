"""Choose the regression seeds: of each generator, in order, what reached an abstract state that none before it did.

`python -m tests.regressions.choose > tests/regressions/seeds.json` after a change of a generator or of the scenarios'
meaning. Only numbers are kept, and no trace hash: a hash would have to be made anew with every intended change of the
protocol's bytes, and a file that is made anew as a matter of course guards nothing. What must hold is asked of each run
instead: no invariant breaks, and something becomes final while there is trouble.
"""

import json
import sys

from node.lab.campaign.run import play
from node.lab.campaign.tally import Key, Tally

WANTED = {"twins": 90, "adversary": 90, "mutation": 35, "crash_points": 35}


def chosen() -> dict[str, list[int]]:
    """Numbers by generator."""
    found: dict[str, list[int]] = {}
    for name, wanted in WANTED.items():
        tally, numbers = Tally(name), found.setdefault(name, [])
        while len(numbers) < wanted:
            outcome = play(name, Key(tally.scenarios))
            if tally.add(outcome) and outcome.is_committing:
                numbers.append(outcome.key.number)
    return found


if __name__ == "__main__":
    lines = [f"  {json.dumps(name)}: {json.dumps(numbers)}" for name, numbers in chosen().items()]
    sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")
