"""Options that several commands share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import platformdirs


def as_json(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`: one JSON document on stdout."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")(command)


def network(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--network DIR`, else MITHQAL_NETWORK, else the user's data directory."""
    return click.option(
        "--network", "directory", type=click.Path(path_type=Path), default=default_network, help="Network directory."
    )(command)


def default_network() -> Path:
    """Where a network lives when nobody says so."""
    return Path(os.environ.get("MITHQAL_NETWORK") or platformdirs.user_data_path("mithqal") / "network")
