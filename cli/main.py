"""The command `mithqal`: a root group that loads a command's module only when it is called."""

import os
import sys
from pathlib import Path

import click

from cli import options, output
from cli.exits import INTERRUPTED, OK, UNEXPECTED, USAGE
from cli.lazy import LazyGroup, NobodyReadsError

COMMANDS = {
    "demo": ("cli.commands.demo", "Tell one story on a fresh network: payments, a crash, the reserve, a proof."),
    "localnet": ("cli.commands.localnet", "Start, stop and disturb a local network of validator processes."),
    "node": ("cli.commands.node", "Set up, run, verify and back up one validator."),
    "genesis": ("cli.commands.genesis", "Make and read the document that a network starts from."),
    "account": ("cli.commands.account", "Create, fund and show accounts."),
    "keys": ("cli.commands.keys", "Make, show and back up keys; secrets are never shown."),
    "pay": ("cli.commands.pay", "Pay, and follow the payment until it is final."),
    "pay-file": ("cli.commands.pay_file", "Pay a CSV of payments, each row once whatever is interrupted."),
    "pay-batch": ("cli.commands.pay_batch", "Pay a CSV of payments in one transaction: all of them or none."),
    "refund": ("cli.commands.refund", "Send back a payment, or a part of it."),
    "receipt": ("cli.commands.receipt", "Check the receipt of a payment."),
    "explorer": ("cli.commands.explorer", "Show the network as text, or whatever an id names."),
    "tx": ("cli.commands.tx", "Build, sign, submit, show and wait for transactions."),
    "block": ("cli.commands.block", "List and show blocks."),
    "event": ("cli.commands.event", "List events of an account or of a stream."),
    "validator": ("cli.commands.validator", "List validators; add, remove and re-key them while the network runs."),
    "evidence": ("cli.commands.evidence", "List, verify and submit evidence against validators that lied."),
    "epoch": ("cli.commands.epoch", "Show the epoch: validators, quorum, waypoint."),
    "currency": ("cli.commands.currency", "List and show currencies: supply, receipts, rates, baskets."),
    "mempool": ("cli.commands.mempool", "List what waits to be put into a block."),
    "search": ("cli.commands.search", "List everything that a text may name."),
    "explain": ("cli.commands.explain", "Say what a code, a reason or a rule of the chain means, and what to do."),
    "proof": ("cli.commands.proof", "Get proofs from a validator, and verify them with no network at all."),
    "audit": ("cli.commands.audit", "Recompute every currency's supply and receipts from all transactions."),
    "treasury": ("cli.commands.treasury", "Mint, burn, freeze, publish rates, set limits and the jurisdiction policy."),
    "dealer": ("cli.commands.dealer", "Compose and decompose the basket, send coins back to the treasury."),
    "governance": ("cli.commands.governance", "Decide by files: propose a call, let each holder sign, submit."),
    "reserve": (
        "cli.commands.reserve",
        "The reserve for an analyst: exact arithmetic, history, crises, stress.",
    ),
    "corridor": ("cli.commands.corridor", "What a transfer between two countries costs, here and elsewhere."),
    "simulate": ("cli.commands.simulate", "A year of the currency on the real ledger, in virtual time."),
    "rates": ("cli.commands.rates", "Exchange rates of a day, and what a remittance of that day would show."),
    "bench": ("cli.commands.bench", "Measure a network of its own: payments a second, and time to finality."),
    "lab": ("cli.commands.lab", "Run the network in the deterministic simulator."),
}
"""Name, module and one line, in the order of the help. Each module has a click command of the same name,
with `_` for `-`."""


@click.group(
    cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="mithqal", prog_name="mithqal")
@options.root_options
def root(as_json: bool, directory: Path | None) -> None:
    """A Libra-style payment network in a box: play money, for teaching and research.

    \b
    Examples:
      mithqal lab run --seed 7
      mithqal rates --date 2019-06-18
    """


def main() -> None:
    """Run a command and exit with its code (cli/exits.py): 2 for a usage error, 130 when interrupted."""
    if not __debug__:
        sys.stderr.write("mithqal: not under python -O: its assertions are part of the protocol's safety\n")
        raise SystemExit(USAGE)
    as_json = "--json" in sys.argv
    try:
        outcome = root.main(prog_name="mithqal", standalone_mode=False)
        sys.stdout.flush()
    except (click.exceptions.Abort, KeyboardInterrupt):
        raise SystemExit(output.refuse("interrupted", "interrupted", INTERRUPTED, as_json=as_json)) from None
    except click.ClickException as error:
        if not as_json:
            error.show()
            raise SystemExit(USAGE) from None
        raise SystemExit(output.refuse("usage", _usage(error), USAGE, as_json=True)) from None
    except (BrokenPipeError, NobodyReadsError):
        _forget_stdout()
        raise SystemExit(OK) from None
    except OSError as error:
        _forget_stdout()
        raise SystemExit(output.refuse("system", str(error), UNEXPECTED, as_json=as_json)) from None
    raise SystemExit(outcome if isinstance(outcome, int) else OK)


def _forget_stdout() -> None:
    """What is still buffered goes nowhere, so that the interpreter's end does not fail at it once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage(error: click.ClickException) -> str:
    """A usage error in a sentence, with the next thing to type; for people click shows that, or the whole help."""
    words = "Missing command." if isinstance(error, click.exceptions.NoArgsIsHelpError) else error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    return words if context is None else f"{words.rstrip('.')}. Try: {context.command_path} --help"
