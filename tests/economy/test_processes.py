"""Worker processes: ctrl-C is not theirs, and they end with whoever started them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from economy.processes import start_pool, submit

PROGRAM = """
import os, sys
from economy.processes import start_pool
if __name__ == "__main__":
    pool = start_pool(2)
    print(pool.submit(os.getpid).result(), flush=True)
    sys.stdin.read()
"""


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc whether a process is there")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_their_parent(tmp_path: Path, number: signal.Signals) -> None:
    """Whatever ends the command, its workers end too."""
    program = tmp_path / "study.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as study:
        assert study.stdout is not None
        worker = int(study.stdout.readline())
        assert is_running(worker)
        study.send_signal(number)
        study.wait(timeout=20)
        deadline = time.monotonic() + 20
        while is_running(worker) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not is_running(worker)


def _interrupts_are_blocked() -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_worker_never_hears_ctrl_c() -> None:
    """'Partial results kept on interruption': a worker that is loading must not die of the signal with a traceback."""
    with start_pool(1) as pool:
        assert submit(pool, _interrupts_are_blocked).result()
    assert not _interrupts_are_blocked()
