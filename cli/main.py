"""The entry point of the command `mithqal`."""

import sys
from importlib.metadata import version


def main() -> None:
    """Print the version when asked for it; otherwise say that no command exists yet (exit 2)."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"mithqal {version('mithqal')}\n")
        return
    sys.stderr.write("mithqal: no commands yet\n")
    raise SystemExit(2)
