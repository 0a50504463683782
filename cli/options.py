"""Options that commands share. `--json`, `--quiet` and `--network` work before the command and after it."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import platformdirs

Command = Callable[..., Any]


@dataclass(slots=True)
class Shared:
    """What was said of the shared options so far, before or after the command's name."""

    as_json: bool = False
    quiet: bool = False
    directory: Path | None = None


def shared() -> Shared:
    """The shared options of the running command; the defaults outside of one."""
    context = click.get_current_context(silent=True)
    return Shared() if context is None else context.find_root().ensure_object(Shared)


def as_json(command: Command) -> Command:
    """`--json`: one JSON document on stdout, given to the command as `as_json`; and `--quiet`."""
    return _json(_quiet(command))


def network(command: Command) -> Command:
    """`--network DIR`, else MITHQAL_NETWORK, else the user's data directory; given to the command as `directory`."""
    return click.option(
        "--network", "directory", type=click.Path(path_type=Path), callback=_on_network, help="Network directory."
    )(command)


def root_options(command: Command) -> Command:
    """The same three before the command's name."""
    return _json(_quiet(network(command)))


class Seconds(click.FloatRange):
    """A time in a range; `nan`, which compares with nothing, is in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or a usage error."""
        found = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return found


def trace_messages(command: Command) -> Command:
    """`--trace-messages`: a validator notes what it says and hears."""
    about = "Note each message sent and received in messages.log (for lab timeline)."
    return click.option("--trace-messages", is_flag=True, help=about)(command)


def trust_node(command: Command) -> Command:
    """`--trust-node`: believe the validator that answers. Never the default."""
    return click.option(
        "--trust-node", is_flag=True, help="Believe the validator that answers, without proofs: quicker, and unsafe."
    )(command)


def limit(default: int) -> Callable[[Command], Command]:
    """`--limit N`: how many rows a list shows."""
    return click.option(
        "--limit", type=click.IntRange(1, 1_000), default=default, show_default=True, help="At most so many rows."
    )


def default_network() -> Path:
    """Where a network lives when nobody says so."""
    return Path(os.environ.get("MITHQAL_NETWORK") or platformdirs.user_data_path("mithqal") / "network")


def _on_json(_context: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    """Said anywhere, it holds."""
    found = shared()
    found.as_json = found.as_json or value
    return found.as_json


def _on_quiet(_context: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    """Said anywhere, it holds."""
    found = shared()
    found.quiet = found.quiet or value
    return found.quiet


def _on_network(context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    """The one nearest to the command wins; the root group itself needs none."""
    found = shared()
    found.directory = value or found.directory
    return found.directory or (default_network() if context.parent is not None else None)


def _json(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, callback=_on_json, help="One JSON document on stdout.")(
        command
    )


def _quiet(command: Command) -> Command:
    return click.option(
        "--quiet", is_flag=True, expose_value=False, callback=_on_quiet, help="No talk on stderr, errors only."
    )(command)
