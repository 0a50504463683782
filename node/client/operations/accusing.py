"""Evidence brought to the ledger, where it marks the key that signed it (docs/protocol.md, EV15)."""

from typing import Any

from node.client.evidence import evidence_of
from node.client.operations.validators import find_row, validators
from node.client.wallets.calls import Call, execute_calls
from node.client.wallets.wallet import Wallet

Json = dict[str, Any]


def submit_evidence(wallet: Wallet, name: str, data: bytes, waypoint: str, *, timeout_s: float = 60.0) -> Json:
    """Submit a file of evidence in the name of an account, once it holds here.

    MithqalError (`bad_evidence_file`), ProofError, WalletError (`unknown_validator`, `failed_on_chain`).
    """
    verified, evidence = evidence_of(data, waypoint)
    guilty = verified.claim["validator"]
    row = find_row(validators(wallet), guilty["name"])
    call = Call(name, "submit_evidence", (bytes.fromhex(row["account"]), evidence.to_bytes()), None)
    (done,) = execute_calls(wallet, [call], timeout_s=timeout_s)
    return {**done, "validator": guilty["name"], "kind": verified.claim["kind"], "epoch": verified.claim["epoch"]}
