"""The entry point of the command `mithqal`: makes the process fit to run, then loads the rest (cli/main.py).

Small on purpose, with nothing imported but what Python has loaded anyway: half of a short command's time goes into
imports, and a Ctrl-C in there must end as any other does, with one error and exit code 130.
"""

import os
import sys

INTERRUPTED = 130  # cli/exits.py, which is not loaded yet


def main() -> None:
    """Run a command and exit with its code."""
    try:
        _open_standard_files()
        from cli.main import main as run

        run()
    except KeyboardInterrupt:
        raise SystemExit(_interrupted(as_json="--json" in sys.argv)) from None


def _interrupted(*, as_json: bool) -> int:
    """Say it as `cli.output.refuse` would, which may not be loaded yet."""
    error = '{"error": {"code": null, "name": "interrupted", "message": "interrupted", "details": {}, "exit": 130}}'
    sys.stderr.write((error if as_json else "mithqal: interrupted (interrupted)") + "\n")
    return INTERRUPTED


def _open_standard_files() -> None:
    """Open what the caller closed of stdin, stdout and stderr, on nothing.

    Else the next file that is opened, such as the outbox's database, gets the number and what is printed goes into it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number, inheritable=True)
                os.close(opened)
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
