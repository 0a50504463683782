"""The end: the explorer's view as text, and a proof that needs no network."""

from cli.story.cast import BRUNO
from cli.story.stage import Stage
from cli.viewing import view_of
from node.client.proof_file import verify_file
from node.client.proofs import fetch_transaction
from node.view.explorer import explore

SHOWN = 5
"""Rows of the explorer's lists."""


def explorer(stage: Stage) -> None:
    """The network, one payment in full, one account; then that payment's proof, verified by the light client."""
    client, network = stage.wallet.client, stage.network
    view = view_of(stage.wallet, network.waypoint)
    payment = stage.payments[1]
    for what in (None, str(payment["version"]), BRUNO.name):
        stage.say(f"   $ mithqal explorer {what or ''}".rstrip())
        for line in explore(view, what, SHOWN).lines():
            stage.say(f"   {line}".rstrip())
        stage.say("")
    _, text = fetch_transaction(client, payment["hash"], network.waypoint)
    verified = verify_file(text.encode(), network.waypoint)
    stage.document["proof"] = {"verified": True, "waypoint": network.waypoint, "version": payment["version"]}
    stage.say(f"   the proof of version {payment['version']}, {len(text)} bytes from one validator, verified offline:")
    for line in verified.lines():
        stage.say(f"   {line}")
