"""The final answer of a payment, with the proof that it is on the ledger."""

from typing import Any

from chain.errors import MithqalError, ProofError
from node.client.verifying import verified_words
from node.client.wallets.evidence import proved_transaction, verified_summary
from node.client.wallets.wallet import Wallet

TRUSTED = "not verified: the validator that answered was trusted (--trust-node)"
LATER = "mithqal tx show"


def proved_answer(wallet: Wallet, document: dict[str, Any], *, trust_node: bool) -> tuple[dict[str, Any], str]:
    """The document with `verified` (or `trusted`), and a line for people.

    ProofError (`answer`) if what is proved is another payment's outcome. Where nobody can prove it at this moment the
    document's `problems` say so: the outcome itself was proved when the payment became final (O3).
    """
    if trust_node:
        return {**document, "trusted": True}, TRUSTED
    try:
        found = proved_transaction(wallet, document["hash"])
    except ProofError:
        raise
    except MithqalError as error:
        problem = f"its proof could not be fetched ({error.message}): {LATER} {document['version']} fetches it"
        return {**document, "problems": [*document["problems"], problem]}, problem
    if found is None or (found.claim["version"], found.claim["status"]) != (document["version"], "executed"):
        raise ProofError(
            f"no validator proves that payment {document['hash']} was executed at version {document['version']}",
            step="answer", rule="another_outcome",
        )  # fmt: skip
    verified = verified_summary(found)
    return {**document, "verified": verified}, verified_words(verified)
