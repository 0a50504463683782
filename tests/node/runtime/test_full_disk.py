"""A full disk stops the node with a sentence; what was acknowledged is there when space returns."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.errors import MithqalError
from node.client.network import Member
from node.localnet.build import build_network
from tests.node.runtime.processes import Running, running, sentence

pytestmark = pytest.mark.network

LIMITED = """
import node.storage.sqlite as store
prepare = store._prepare
def limited(connection, *rest):
    prepare(connection, *rest)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 4}")
store._prepare = limited
from node.runtime.process import main
main()
"""
"""A validator whose ledger may grow by four pages: SQLite then says what it says when a disk is full."""


def run_until_full(process: Running) -> int:
    """Watch it fill its disk; gives the last height that it told a client."""
    height = 0
    while process.process.poll() is None:
        try:
            height = max(height, process.height())
        except MithqalError:
            continue  # it is ending
    return height


def check_full(process: Running) -> int:
    """It ended with 3 and one sentence; the last height that it told."""
    height = run_until_full(process)
    assert process.process.returncode == 3
    said = process.output()
    assert said.count("\n") == 1
    path = process.directory / "data" / "ledger.sqlite"
    assert said.startswith(f"mithqal node: storage_full: {path} cannot be written: database or disk is full")
    assert "free some space" in said
    return height


def check_goes_on(member: Member, height: int) -> None:
    """With space it starts, nothing that was told is missing, and it commits."""
    with running(member) as process:
        assert process.height() >= height
        process.wait_for_height(height + 2)
        assert process.end() == 0


def test_a_ledger_that_may_not_grow(tmp_path: Path) -> None:
    """The same path as a full disk, on any machine."""
    member = build_network(tmp_path, 1, seed=3).members[0]
    with running(member) as process:
        process.wait_for_height(2)
        assert process.end() == 0
    with running(member, "-c", LIMITED) as process:
        height = check_full(process)
        assert process.has_logged("storage_full")
    assert height >= 2
    check_goes_on(member, height)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 700 KB, room for about ten blocks; only root can make one."""
    path = tmp_path / "disk"
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=700k", "none", str(path)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("only root can mount a small file system")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_file_system_that_fills(small_disk: Path, tmp_path: Path) -> None:
    """Ledger, write-ahead log and node log on a disk that runs full, and is then found a place with room."""
    network = build_network(tmp_path / "network", 1, seed=3)
    member = network.members[0]
    shutil.copytree(member.directory, small_disk / "v", copy_function=shutil.copy2)
    (small_disk / "genesis.bin").write_bytes((tmp_path / "network" / "genesis.bin").read_bytes())
    small = Member(member.name, None, member.rpc, member.p2p, small_disk / "v")
    with running(small) as process:
        height = check_full(process)
    assert height >= 2
    free = os.statvfs(small_disk)
    assert free.f_bavail * free.f_frsize < 100_000
    assert sentence(small.directory)[:2] == (3, "storage_full")
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    check_goes_on(small, height)
