"""A validator's keyring beside its simulated disk."""

from chain.consensus.ports import SigningKey
from chain.consensus.safety import read_record
from chain.crypto.signing import Signer


class Keys:
    """A validator's keyring on a simulated disk: all its keys, and the one record beside the ledger."""

    def __init__(self, keys: list[Signer], record: bytes | None) -> None:
        """`keys` grows while the run goes on."""
        self._keys, self._record = keys, record

    def find(self, public_key: bytes) -> SigningKey | None:
        """A key, with the record if that key made it."""
        for key in self._keys:
            if key.public_key == public_key:
                is_its = self._record is not None and read_record(self._record).key == public_key
                return SigningKey(key, self._record if is_its else None)
        return None

    def newest(self) -> bytes | None:
        """The record."""
        return self._record
