"""Expected failures as one small tree; each carries its rule's name and its numbers.

Two families, never mixed: what bad input or a faulty peer may cause is a `MithqalError`; a broken
invariant of our own is an `AssertionError` and stops the process.
"""

from typing import Any


class MithqalError(Exception):
    """An expected failure: `name` is the rule (snake_case), `details` the numbers behind the message."""

    name = "error"

    def __init__(self, message: str, *, name: str | None = None, **details: object) -> None:
        """Keep the sentence for people and the numbers for programs."""
        super().__init__(message)
        self.message = message
        self.details = details
        if name is not None:
            self.name = name


class AmountError(MithqalError):
    """An amount, or the result of a sum, is outside of 0 .. 2^64-1."""

    name = "amount_out_of_range"


class DecodeError(MithqalError):
    """Bytes that are not the canonical encoding of what they should be."""

    name = "malformed_bytes"


class SignatureError(MithqalError):
    """A key or signature that must not be accepted."""

    name = "bad_signature"


class CertificateError(MithqalError):
    """A quorum or timeout certificate that proves nothing."""

    name = "bad_certificate"


class ProofError(MithqalError):
    """A proof that does not hold; `details["step"]` names the step that failed."""

    name = "bad_proof"


class EvidenceError(MithqalError):
    """Evidence that accuses nobody; `name` is the rule that it breaks."""

    name = "bad_evidence"


class SafetyError(MithqalError):
    """The safety module refuses to sign; `name` is the rule."""

    name = "unsafe"


class BlockError(MithqalError):
    """A block that breaks a rule of its own, whatever the state."""

    name = "bad_block"


class DivergenceError(MithqalError):
    """Our own execution gave another result than a quorum certified: nothing that is computed here can be trusted."""

    name = "execution_divergence"
    path: list[Any]
    """The blocks with their results up to the one that differs."""
    certified: bytes
    """The root that a quorum certified in its place."""


class GenesisError(MithqalError):
    """A genesis document that cannot be used."""

    name = "bad_genesis"
