"""A result comes into its place whole or not at all: a kill at every single step, then somebody who goes on."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chain.errors import MithqalError
from chain.ledger import Ledger
from economy.world import moving
from economy.world.directory import RunError, old_records
from economy.world.moving import UNFINISHED, copy_file, settle
from economy.world.simulate import Life, Result, resume, simulate
from node.client.network import FINISHED, NETWORK_FILE, NetworkError, load_network
from node.localnet.build import build_network
from node.storage.sqlite import SqliteStore
from tests.economy.world.worlds import small

LIFE = Life(small(), 20, 3)


class Killed(BaseException):
    """What a kill looks like: nothing after it happens."""


class Moves(NamedTuple):
    """A run that was continued, and directories whose results are not in their place yet."""

    whole: Result
    new: Path
    later: Path


def set_aside(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """Do the work, all but the moving at its end."""
    monkeypatch.setattr(moving, "settle", lambda _: None)
    work()
    monkeypatch.undo()


@pytest.fixture(scope="module")
def moves(tmp_path_factory: pytest.TempPathFactory) -> Moves:
    root = tmp_path_factory.mktemp("moves")
    whole = simulate(root / "whole", LIFE, days=2, workers=0)
    with pytest.MonkeyPatch.context() as patch:
        set_aside(patch, lambda: simulate(root / "new", LIFE, days=2, workers=0))
        simulate(root / "later", LIFE, days=1, workers=0)
        set_aside(patch, lambda: resume(root / "later", days=1))
    return Moves(whole, root / "new", root / "later")


def cut_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Killed in place of the step-th change of the disk; a folder that is removed loses half of what it holds."""
    left = [step]

    def count() -> bool:
        left[0] -= 1
        return left[0] < 0

    def instead(name: str) -> None:
        change = getattr(Path, name)

        def changed(path: Path, *words: Any, **named: Any) -> Any:
            if count():
                raise Killed
            return change(path, *words, **named)

        monkeypatch.setattr(Path, name, changed)

    for name in ("replace", "rename", "unlink", "rmdir"):
        instead(name)
    remove = shutil.rmtree

    def removed(path: Path, *words: Any, **named: Any) -> None:
        if count():
            for item in sorted(path.iterdir())[:1]:
                remove(item) if item.is_dir() else item.unlink()
            raise Killed
        remove(path, *words, **named)

    monkeypatch.setattr("economy.world.moving.shutil.rmtree", removed)


def tips(directory: Path) -> set[int]:
    """Versions at which validators' ledgers end."""
    network, found = load_network(directory), set()
    for member in network.members:
        with closing(SqliteStore(member.directory / "data" / "ledger.sqlite", network.genesis_hash)) as store:
            found.add(Ledger(network.genesis, store).tip_version)
    return found


@pytest.mark.parametrize("which", ["new", "later"])
def test_a_kill_at_any_step_leaves_no_half_network(moves, tmp_path, monkeypatch, which):
    """Validators' ledgers and records are all of one run, or there is no network: whoever opens it is told so."""
    source, step = getattr(moves, which), 0
    while True:
        directory = tmp_path / str(step)
        shutil.copytree(source, directory)
        with monkeypatch.context() as patch:
            cut_at(patch, step)
            try:
                settle(directory)
            except Killed:
                pass
            else:
                break
        is_there = (directory / NETWORK_FILE).exists()
        if not is_there:
            for opened in (load_network, build_network):
                with pytest.raises(NetworkError) as caught:
                    opened(directory)
                assert caught.value.name == "network_unfinished"
                assert f"--continue {directory}" in caught.value.message
        elif (directory / FINISHED / NETWORK_FILE).exists():
            assert step == 0, "before the first step the old network is whole"
        settle(directory)
        assert not (directory / FINISHED).exists()
        assert tips(directory) == {moves.whole.version}
        assert len(old_records(load_network(directory))) == 4
        step += 1
        shutil.rmtree(directory)
    assert step > 10
    assert tips(directory) == {moves.whole.version}


def test_what_was_cut_off_is_gone_on_with(moves, tmp_path):
    """`--continue` after a kill: as if it had never stopped."""
    shutil.copytree(moves.later, tmp_path / "n")
    (tmp_path / "n" / NETWORK_FILE).unlink()
    with pytest.raises(RunError) as caught:
        simulate(tmp_path / "n", LIFE, days=1, workers=0)
    assert caught.value.name == "network_exists"
    later = resume(tmp_path / "n", days=1)
    three = simulate(tmp_path / "three", LIFE, days=3, workers=0)
    assert (later.version, later.state_root) == (three.version, three.state_root)


def test_a_run_that_fails_leaves_the_old_one_as_it_was(moves, tmp_path, monkeypatch):
    """A full disk while it goes on: the network is the one that was there."""
    simulate(tmp_path / "n", LIFE, days=1, workers=0)
    before = {path: path.read_bytes() for path in (tmp_path / "n").rglob("*.json")}

    def full(*_arguments: object, **_named: object) -> None:
        raise MithqalError("full", name="storage_full")

    monkeypatch.setattr("economy.world.directory.write_validators", full)
    with pytest.raises(MithqalError):
        resume(tmp_path / "n", days=1)
    monkeypatch.undo()
    assert {path: path.read_bytes() for path in (tmp_path / "n").rglob("*.json")} == before
    assert not (tmp_path / "n" / UNFINISHED).exists()
    resume(tmp_path / "n", days=1)
    assert tips(tmp_path / "n") == {moves.whole.version}


def test_whom_the_address_book_named_stays_in_it(tmp_path):
    import json

    simulate(tmp_path / "n", LIFE, days=1, workers=0)
    book = tmp_path / "n" / "addresses.json"
    entries = json.loads(book.read_text())
    entries["penfriend"] = {**entries["treasury"], "address": "ab" * 16}
    book.write_text(json.dumps(entries))
    resume(tmp_path / "n", days=1)
    found = json.loads(book.read_text())
    assert found["penfriend"] == entries["penfriend"]
    assert set(entries) <= set(found)


def test_validators_that_were_started_meanwhile_keep_their_ledgers(tmp_path, monkeypatch):
    """Nobody's data is exchanged under a process that runs."""
    simulate(tmp_path / "n", LIFE, days=1, workers=0)
    before = tips(tmp_path / "n")
    asked = iter([["validator-0"] * 4, ["validator-0"] * 3])
    monkeypatch.setattr("economy.world.directory.Supervisor.names_down", lambda _: next(asked))
    with pytest.raises(RunError) as caught:
        resume(tmp_path / "n", days=1)
    assert caught.value.name == "network_runs"
    monkeypatch.undo()
    assert tips(tmp_path / "n") == before


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_where_there_is_nothing_to_go_on_with_nothing_is_left(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NetworkError) as caught:
        resume(tmp_path / name, days=1)
    assert caught.value.name == "network_missing"
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_directory_of_others_is_left_as_it_was(tmp_path):
    (tmp_path / "letter").write_text("mine")
    with pytest.raises(RunError) as caught:
        simulate(tmp_path, LIFE, days=1, workers=0)
    assert caught.value.name == "directory_not_empty"
    assert [path.name for path in tmp_path.rglob("*")] == ["letter"]


def test_a_copy_is_a_file_of_its_own(tmp_path):
    """What is written to one of both is not in the other."""
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    (tmp_path / "a").chmod(0o600)
    copy_file(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"x" * 3_000_000
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "b").stat().st_nlink == 1
    (tmp_path / "b").write_bytes(b"y")
    assert (tmp_path / "a").read_bytes() == b"x" * 3_000_000
    with pytest.raises(FileExistsError):
        copy_file(tmp_path / "a", tmp_path / "b")
