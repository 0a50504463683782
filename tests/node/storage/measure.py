"""How long blocks of payments take to store.

Run `PYTHONPATH=. python tests/node/storage/measure.py ACCOUNTS BLOCKS [busy]`. A block is 500 payments, each one row of
700 bytes, five postings and two state values of 250 bytes, written as one synced batch. With `busy` the blocks
are written by a worker thread while another computes, as beside a busy event loop.
"""

import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from random import Random

from chain.storage import Column, Index, WriteBatch
from node.storage.sqlite import SqliteStore

PAYMENTS = 500
PARTS = 5


def main(accounts: int, blocks: int, busy: bool) -> None:
    """Print the mean a payment, by fifths of the run."""
    random = Random(1)
    addresses = [random.randbytes(16) for _ in range(accounts)]
    with tempfile.TemporaryDirectory(dir=os.environ.get("MEASURE_DIR")) as directory:
        store = SqliteStore(Path(directory) / "ledger.sqlite", bytes(32))
        store.write(WriteBatch(state=[(address, random.randbytes(250)) for address in addresses]))
        took, cpu = [], []
        for height in range(blocks):
            batch = block(random, addresses, height)
            began, cpu_began = time.perf_counter(), time.process_time()
            took.append(beside_a_busy_thread(store, batch) if busy else write(store, batch))
            cpu.append(time.process_time() - cpu_began)
            assert took[-1] <= time.perf_counter() - began
        size = sum(path.stat().st_size for path in Path(directory).iterdir())
        store.close()
    for part in range(PARTS):
        chosen = slice(part * blocks // PARTS, (part + 1) * blocks // PARTS)
        count = len(took[chosen]) * PAYMENTS
        mean, used = sum(took[chosen]) / count * 1e6, sum(cpu[chosen]) / count * 1e6
        print(f"{mean:6.1f} us a payment ({used:.1f} us of processor), longest block {max(took[chosen]) * 1e3:.0f} ms")
    print(f"{accounts} accounts, {blocks * PAYMENTS} payments, {size / 1e6:.0f} MB")


def block(random: Random, addresses: list[bytes], height: int) -> WriteBatch:
    """The batch of one block."""
    batch = WriteBatch(rows=[(Column.META, 0, random.randbytes(500))])
    for version in range(height * PAYMENTS, (height + 1) * PAYMENTS):
        sender, payee = random.choice(addresses), random.choice(addresses)
        batch.rows.append((Column.TRANSACTION, version, random.randbytes(700)))
        batch.state += [(sender, random.randbytes(250)), (payee, random.randbytes(250))]
        batch.postings += [
            (Index.TRANSACTION_BY_HASH, random.randbytes(8), version, version),
            (Index.TRANSACTION_BY_SENDER, sender, version, version),
            (Index.EVENT, bytes(8) + sender, version, version),
            (Index.EVENT, bytes(7) + b"\1" + payee, version, version),
            (Index.BLOCK_BY_ID, payee, version, version),
        ]
    return batch


def write(store: SqliteStore, batch: WriteBatch) -> float:
    """Seconds that a write takes."""
    began = time.perf_counter()
    store.write(batch)
    return time.perf_counter() - began


def beside_a_busy_thread(store: SqliteStore, batch: WriteBatch) -> float:
    """Seconds that a write takes in a worker thread while this one computes."""
    took: list[float] = []
    worker = threading.Thread(target=lambda: took.append(write(store, batch)))
    worker.start()
    while not took:
        sum(range(200))
    worker.join()
    return took[0]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["busy"])
