"""A validator's keyring beside its simulated disk."""

from chain.consensus.ports import SigningKey
from chain.consensus.safety import read_record
from chain.crypto.signing import Signer
from node.sim.disk import Disk

RECORD_FAILURES = ("safety_record_unreadable", "safety_record_lost")
"""Under these a validator observes; what else its disk refuses keeps it down."""


class Keys:
    """A validator's keyring on a simulated disk: all its keys, and the one record beside the ledger."""

    def __init__(self, keys: list[Signer], disk: Disk) -> None:
        """`keys` grows while the run goes on. Nothing signs if the record cannot be read (D6)."""
        self._keys, self._disk = keys if disk.refuses not in RECORD_FAILURES else [], disk

    def find(self, public_key: bytes) -> SigningKey | None:
        """A key, with the record if that key made it; none whose record was begun and is lost (D5)."""
        record = self._disk.safety
        for key in self._keys:
            if key.public_key == public_key and public_key not in self._disk.lost_records:
                self._disk.begun.add(public_key)
                is_its = record is not None and read_record(record).key == public_key
                return SigningKey(key, record if is_its else None)
        return None

    def newest(self) -> bytes | None:
        """The record."""
        return None if self._disk.refuses in RECORD_FAILURES else self._disk.safety
