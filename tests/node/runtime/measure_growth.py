"""How much an idle validator writes: `python -m tests.node.runtime.measure_growth --seconds 300`. One JSON document.

A network of its own runs idle; sizes are taken of stopped validators, so that everything is in the ledger's file. What
the device is asked to write (the ledger's log, the signing record) comes from /proc/PID/io.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from node.client.network import Member
from node.client.rpc import RpcClient
from node.localnet.build import build_network
from node.localnet.supervisor import Supervisor


def height(member: Member) -> int:
    """Of the ledger that a validator reports."""
    client = RpcClient([member.rpc])
    try:
        found: int = client.call("get_metadata")["height"]
        return found
    finally:
        client.close()


def sizes(member: Member) -> dict[str, int]:
    """Bytes of a stopped validator's ledger and logs."""
    data = member.directory / "data"
    return {
        "ledger": sum(path.stat().st_size for path in data.glob("ledger.sqlite*")),
        "logs": sum(path.stat().st_size for path in member.directory.glob("*.log*")),
    }


def written(member: Member) -> int:
    """Bytes that the process has asked the device to write."""
    text = Path(f"/proc/{member.pid}/io").read_text(encoding="ascii")
    return int(text.partition("write_bytes: ")[2].split()[0])


def measure(directory: Path, validators: int, seconds: float) -> dict[str, float]:
    """Run it and compare."""
    build_network(directory, validators, seed=1)
    supervisor = Supervisor(directory)
    try:
        supervisor.up()
        supervisor.down()
        member = supervisor.network.members[0]
        before = sizes(member)
        supervisor.up()
        member = supervisor.network.members[0]
        first, began, io = height(member), time.monotonic(), written(member)
        time.sleep(seconds)
        last, took, io = height(member), time.monotonic() - began, written(member) - io
        wal = (member.directory / "data" / "ledger.sqlite-wal").stat().st_size
        supervisor.down()
        after = sizes(member)
    finally:
        supervisor.down()
    hours = took / 3_600
    return {
        "validators": validators,
        "seconds": round(took, 1),
        "blocks_per_hour": round((last - first) / hours),
        "ledger_bytes_per_block": round((after["ledger"] - before["ledger"]) / (last - first)),
        "ledger_bytes_per_hour": round((after["ledger"] - before["ledger"]) / hours),
        "log_bytes_per_hour": round((after["logs"] - before["logs"]) / hours),
        "write_ahead_log_bytes": wal,
        "written_bytes_per_hour": round(io / hours),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="measure_growth", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--validators", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        print(json.dumps(measure(Path(directory) / "network", options.validators, options.seconds), indent=1))


if __name__ == "__main__":
    main()
