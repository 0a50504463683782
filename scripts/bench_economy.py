"""The same toy reserve in radCAD and in blocks of NumPy arrays, side by side: paths of one year, a second.

Run by scripts/bench-economy in an environment of its own. The toy: four exchange rates by geometric Brownian motion, a
basket of them, cash and bills with interest, redemptions that answer the basket's fall. Both count the same things; the
means of both must agree within chance, or the comparison is refused.
"""

import argparse
import json
import math
import statistics
import time
from typing import Any

import numpy as np

DAYS = 252
VOLS = (0.0831, 0.0935, 0.0882, 0.0517)
WEIGHTS = (0.18, 0.14, 0.11, 0.07)
RATE, FLOW_VOL, SENSITIVITY, CASH = 0.04, 0.01, 0.5, 0.2
ROOT = math.sqrt(1 / DAYS)

State = dict[str, Any]


def by_radcad(paths: int, seed: int) -> list[float]:
    """Coins at the end of each path, by radCAD's engine: a state for each day, a function for each variable."""
    from radcad import Experiment, Model, Simulation
    from radcad.engine import Backend, Engine

    chance = np.random.default_rng(seed)

    def market(_parameters: Any, _substep: int, _history: Any, state: State) -> State:
        moves = [math.exp(vol * ROOT * z - vol * vol / 2 / DAYS) for vol, z in zip(VOLS, chance.standard_normal(4))]
        felt = sum(weight * (move - 1) for weight, move in zip(WEIGHTS, moves))
        flow = FLOW_VOL * chance.standard_normal() + SENSITIVITY * felt
        return {"moves": moves, "redeemed": state["coins"] * min(max(flow, -1.0), 1.0)}

    def rates(_parameters: Any, _substep: int, _history: Any, state: State, signal: State) -> tuple[str, Any]:
        return "rates", [rate * move for rate, move in zip(state["rates"], signal["moves"])]

    def coins(_parameters: Any, _substep: int, _history: Any, state: State, signal: State) -> tuple[str, Any]:
        return "coins", state["coins"] - signal["redeemed"]

    def cash(_parameters: Any, _substep: int, _history: Any, state: State, signal: State) -> tuple[str, Any]:
        return "cash", max(0.0, state["cash"] * (1 + RATE / DAYS) - signal["redeemed"])

    def bills(_parameters: Any, _substep: int, _history: Any, state: State, signal: State) -> tuple[str, Any]:
        short = max(0.0, signal["redeemed"] - state["cash"] * (1 + RATE / DAYS))
        return "bills", state["bills"] * (1 + RATE / DAYS) - short

    model = Model(
        initial_state={"rates": [1.0] * 4, "coins": 1.0, "cash": CASH, "bills": 1 - CASH},
        state_update_blocks=[
            {"policies": {"market": market},
             "variables": {"rates": rates, "coins": coins, "cash": cash, "bills": bills}}
        ],
        params={},
    )  # fmt: skip
    simulation = Simulation(model=model, timesteps=DAYS, runs=paths)
    experiment = Experiment(simulation)
    experiment.engine = Engine(backend=Backend.SINGLE_PROCESS, deepcopy=False, drop_substeps=True)
    return [row["coins"] for row in experiment.run() if row["timestep"] == DAYS]


def by_blocks(paths: int, seed: int) -> list[float]:
    """The same, all paths of a block at once, with the draws of the stress model."""
    from economy.stress.draws import BLOCK, Draws

    ends = []
    for block in range(-(-paths // BLOCK)):
        width = min(BLOCK, paths - block * BLOCK)
        draws = Draws(seed, block, rows=6, width=width)
        rates = [np.ones(width) for _ in VOLS]
        coins, cash, bills = np.ones(width), np.full(width, CASH), np.full(width, 1 - CASH)
        for _ in range(DAYS):
            rows = draws.normals(6)
            felt = np.zeros(width)
            for place, (vol, weight) in enumerate(zip(VOLS, WEIGHTS)):
                move = np.exp(np.float32(vol * ROOT) * rows[place] - np.float32(vol * vol / 2 / DAYS))
                rates[place] *= move
                felt += weight * (move - 1.0)
            redeemed = coins * np.clip(FLOW_VOL * rows[4] + SENSITIVITY * felt, -1.0, 1.0)
            coins -= redeemed
            cash *= 1 + RATE / DAYS
            bills *= 1 + RATE / DAYS
            bills -= np.maximum(0.0, redeemed - cash)
            cash = np.maximum(0.0, cash - redeemed)
        ends.extend(coins.tolist())
    return ends


def main() -> None:
    """Measure both and print the ratio."""
    parser = argparse.ArgumentParser(description="radCAD and blocks of arrays on the same toy reserve, on one core.")
    parser.add_argument("--radcad-paths", type=int, default=400)
    parser.add_argument("--paths", type=int, default=65_536)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rates, ends = {}, {}
    for name, run, paths in (("radcad", by_radcad, options.radcad_paths), ("blocks", by_blocks, options.paths)):
        times = []
        for turn in range(options.turns):
            began = time.process_time()
            ends[name] = run(paths, turn + 1)
            times.append(time.process_time() - began)
        rates[name] = paths / min(times)
        assert len(ends[name]) == paths, f"{name}: {len(ends[name])} ends of {paths} paths"
    means = {name: statistics.fmean(found) for name, found in ends.items()}
    error = math.hypot(*(statistics.stdev(found) / math.sqrt(len(found)) for found in ends.values()))
    assert abs(means["radcad"] - means["blocks"]) < 4 * error, f"not the same model: {means}, error {error}"
    ratio = rates["blocks"] / rates["radcad"]
    if options.json:
        print(json.dumps({"paths_per_cpu_s": rates, "ratio": ratio, "mean_coins": means, "standard_error": error}))
    else:
        for name, rate in rates.items():
            print(f"{name:<7} {rate:>10,.0f} one-year paths a second of processor (mean of coins {means[name]:.4f})")
        print(f"ratio   {ratio:>10,.0f}")


if __name__ == "__main__":
    main()
