"""The same numbers whoever counts them: workers, clusters, batches, interruptions."""

import itertools

import pytest

from economy.errors import ParameterError
from economy.stress import runner
from economy.stress.draws import BLOCK
from economy.stress.factors import MODELS
from economy.stress.outcome import PER_PATH, Outcome
from economy.stress.plan import Plan, run_block
from economy.stress.runner import simulate
from tests.economy.stress.plans import plan


def same(a: Outcome | None, b: Outcome | None) -> None:
    """Equal to the bit."""
    assert a is not None
    assert b is not None
    for name in (*PER_PATH, "causes"):
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes(), name
    assert {name: counts.tobytes() for name, counts in a.counts.items()} == {
        name: counts.tobytes() for name, counts in b.counts.items()
    }


def several_blocks(model: str = "jump") -> Plan:
    """Three blocks, the last one of a few paths."""
    return plan(model=model, paths=2 * BLOCK + 100, days=10)


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_bits() -> None:
    """Counter-based random streams: bit-identical for 1, 2 and 8 workers."""
    one = simulate([several_blocks()])[0]
    assert not one.is_partial
    assert one.outcome is not None
    assert one.outcome.paths == 2 * BLOCK + 100
    for workers in (2, 8):
        same(one.outcome, simulate([several_blocks()], workers=workers)[0].outcome)


@pytest.mark.slow
@pytest.mark.network
def test_a_cluster_gives_the_same_bits() -> None:
    """`--dask ADDRESS`: the same function on an existing cluster, tested on a local one."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", protocol="tcp://", dashboard_address=None, processes=False
    ) as cluster:
        found = simulate([several_blocks(), plan()], dask=cluster.scheduler_address)
    same(simulate([several_blocks()])[0].outcome, found[0].outcome)
    same(simulate([plan()])[0].outcome, found[1].outcome)


@pytest.mark.network
def test_no_cluster() -> None:
    """An address at which nobody answers is one clear error."""
    pytest.importorskip("distributed")
    with pytest.raises(ParameterError) as caught:
        simulate([plan()], dask="tcp://127.0.0.1:1")
    assert caught.value.name == "cluster_unreachable"
    assert "tcp://127.0.0.1:1" in caught.value.message


@pytest.mark.parametrize(
    "address", ["", "foo", "tcp://", "127.0.0.1", "tcp://host:port", "http://host:1", "tcp://[x]:1"]
)
def test_no_address(address: str) -> None:
    """What names no scheduler is refused before anything is tried."""
    with pytest.raises(ParameterError, match="a scheduler is named tcp://HOST:PORT") as caught:
        simulate([plan()], dask=address)
    assert caught.value.name == "bad_parameter"


@pytest.mark.parametrize("model", MODELS)
def test_a_path_does_not_depend_on_how_many_there_are(model: str) -> None:
    """Path 5 of 1,000 is path 5 of 30: only the seed, the block and its place in it count."""
    few, many = (run_block(plan(model=model, days=30), 3, count) for count in (30, 1_000))
    for name in PER_PATH:
        assert getattr(few, name).tobytes() == getattr(many, name)[:30].tobytes(), name


@pytest.mark.parametrize("model", MODELS)
def test_seeds_and_blocks_differ(model: str) -> None:
    """Another seed or another block is other chance; the same ones are the same."""
    found = [
        run_block(plan(model=model, seed=seed, days=30), block, 50).coins.tobytes()
        for seed, block in ((7, 0), (8, 0), (7, 1))
    ]
    assert len(set(found)) == 3
    assert run_block(plan(model=model, days=30), 0, 50).coins.tobytes() == found[0]


def test_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Partial results are kept on interruption: the finished blocks, marked."""
    real, calls = run_block, itertools.count()

    def run(a_plan: Plan, block: int, count: int) -> Outcome:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return real(a_plan, block, count)

    monkeypatch.setattr(runner, "run_block", run)
    seen: list[int] = []
    finished, after = simulate([several_blocks(), plan()], progress=lambda done, _total: seen.append(done))
    assert finished.is_partial
    assert finished.outcome is not None
    assert finished.outcome.paths == 2 * BLOCK
    assert seen == [BLOCK, 2 * BLOCK]
    assert after.is_partial
    assert after.outcome is None
    monkeypatch.undo()
    same(finished.outcome, simulate([plan(paths=2 * BLOCK, days=10)])[0].outcome)


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        ({"paths": 0}, "bad_parameter", "paths is 0, but must be from 1"),
        ({"paths": -3}, "bad_parameter", "paths is -3"),
        ({"paths": 100_000_001}, "bad_parameter", "to 100000000"),
        ({"days": 0}, "bad_parameter", "days is 0"),
        ({"days": 2_521}, "bad_parameter", "to 2520"),
        ({"seed": -1}, "bad_parameter", "seed is -1"),
        ({"seed": 2**64}, "bad_parameter", "seed is"),
        ({"model": "heston"}, "unknown_model", "there are gbm, bootstrap, jump, regime, dark"),
        ({"run": "panic"}, "unknown_run", "there are threshold, diamond-dybvig, global-game"),
    ],
)
def test_bad_plans(change: dict[str, int], name: str, words: str) -> None:
    """Zero paths, an unknown model: one clear error that names what is available."""
    with pytest.raises(ParameterError) as caught:
        plan(**change)  # type: ignore[arg-type]
    assert caught.value.name == name
    assert words in caught.value.message


@pytest.mark.parametrize("workers", [0, -1, 257])
def test_bad_workers(workers: int) -> None:
    """From 1 to 256 workers."""
    with pytest.raises(ParameterError, match="workers is"):
        simulate([plan()], workers=workers)


def test_limits_are_allowed() -> None:
    """The largest seed and a single path of a single day."""
    finished = simulate([plan(paths=1, days=1, seed=2**64 - 1)])[0]
    assert finished.outcome is not None
    assert finished.outcome.paths == 1
