"""What a transaction costs, by its function and its signatures. A payment by one Ed25519 signature costs the minimum.

`ecdsa` verifies about forty times slower than Ed25519, so an ECDSA signature pays forty signature shares (design
decision 6). Every signature of every signer counts, of a K-of-N key those that are there.
"""

from chain.limits import MIN_GAS_UNITS

SIGNATURE_SHARE = 100
"""Gas of one Ed25519 verification; one such share is contained in every function's gas."""
CREATION = 1_200
"""An account lives for ever."""

FUNCTION_GAS = {
    "create_child_vasp_account": CREATION,
    "create_parent_vasp_account": CREATION,
    "create_designated_dealer": CREATION,
    "create_validator_account": CREATION,
    "create_validator_operator_account": CREATION,
}
"""Functions that cost more than the minimum."""


def gas_for(function: str, verification_cost: int, minimum: int = MIN_GAS_UNITS) -> int:
    """Gas units that the transaction uses if its limit allows; the cost of its signatures is in verifications of
    Ed25519 (`SignedTransaction.verification_cost`), `minimum` is the least that governance has set."""
    return max(FUNCTION_GAS.get(function, 0), minimum) + SIGNATURE_SHARE * (verification_cost - 1)
