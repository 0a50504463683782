"""Evidence brought to the ledger, where it marks the key that signed it (docs/protocol.md, EV15)."""

from typing import Any

from chain.errors import MithqalError
from node.client.evidence import accused_keys, evidence_of, read_piece, verify_evidence_file
from node.client.operations.validators import find_row, validators
from node.client.wallets.calls import Call, execute_calls
from node.client.wallets.wallet import Wallet

Json = dict[str, Any]


def guilty_by(wallet: Wallet, piece: str, waypoint: str, name: str | None = None) -> str:
    """The name of the validator that a piece of evidence, verified here, accuses on the ledger.

    MithqalError (`unknown_evidence`, `bad_evidence_file`, `not_accused`: submit it first; `another_validator`: it does
    not name the one that is meant), ProofError.
    """
    guilty = verify_evidence_file(read_piece(wallet.client, waypoint, piece), waypoint).claim["validator"]
    row = find_row(validators(wallet), guilty["name"])
    if name not in (None, row["name"], str(row["index"])):
        raise MithqalError(f"this is evidence against {row['name']}, not {name}", name="another_validator")
    if guilty["consensus_key"] not in accused_keys([row]):
        raise MithqalError(
            f"the ledger does not accuse {row['name']} of it: mithqal evidence submit {piece} --as NAME",
            name="not_accused",
        )
    return str(row["name"])


def submit_evidence(wallet: Wallet, name: str, piece: str, waypoint: str, *, timeout_s: float = 60.0) -> Json:
    """Submit a piece of evidence, a file's path or an id, in the name of an account, once it holds here.

    MithqalError (`unknown_evidence`, `bad_evidence_file`), ProofError, WalletError (`failed_on_chain`).
    """
    verified, evidence = evidence_of(read_piece(wallet.client, waypoint, piece), waypoint)
    guilty = verified.claim["validator"]
    call = Call(name, "submit_evidence", (bytes.fromhex(guilty["consensus_key"]), evidence.to_bytes()), None)
    (done,) = execute_calls(wallet, [call], timeout_s=timeout_s)
    return {**done, "validator": guilty["name"], "kind": verified.claim["kind"], "epoch": verified.claim["epoch"]}
