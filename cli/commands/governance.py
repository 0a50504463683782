"""`mithqal governance`: decisions of the association."""

import click

from cli.governing import SYSTEM_COMMANDS


@click.group()
def governance() -> None:
    """Decide for the whole network."""


for _command in SYSTEM_COMMANDS:
    governance.add_command(_command)
