"""What a transaction costs, by its function and its signature's scheme. A payment by Ed25519 costs the minimum.

`ecdsa` verifies about forty times slower than Ed25519, so ECDSA pays forty signature shares (design decision 6).
"""

from chain.crypto.signing import Scheme
from chain.limits import MIN_GAS_UNITS

SIGNATURE_SHARE = 100
"""Gas of one Ed25519 verification, contained in every function's gas."""
SCHEME_SURCHARGE: dict[int, int] = {
    Scheme.ED25519: 0,
    Scheme.SECP256K1: 39 * SIGNATURE_SHARE,
    Scheme.P256: 39 * SIGNATURE_SHARE,
}
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


def gas_for(function: str, scheme: int, minimum: int = MIN_GAS_UNITS) -> int:
    """Gas units that the transaction uses if its limit allows; `minimum` is the least that governance has set."""
    return max(FUNCTION_GAS.get(function, 0), minimum) + SCHEME_SURCHARGE[scheme]
