"""K-of-N keys: K7 to K11, Libra's bytes for scheme 1, ours for scheme 4."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.crypto.multi import (
    Member,
    MemberSignature,
    member_signatures,
    multi_key,
    read_multi_key,
    read_multi_signature,
    signature_count,
    verification_cost,
    write_multi_signature,
)
from chain.crypto.signing import (
    PrivateKey,
    RealSignatures,
    Scheme,
    SignatureCheck,
    authentication_key,
    is_valid_public_key,
    verify,
)
from chain.errors import SignatureError
from node.sim.signatures import KeyedHashSignatures
from tests.several import Several, mixed, plain

ED, SECP, P256, PLAIN, MIXED = Scheme.ED25519, Scheme.SECP256K1, Scheme.P256, Scheme.MULTI_ED25519, Scheme.MIXED_MULTI
MESSAGE = b"message"
KEYS = [PrivateKey(bytes([number]) * 32) for number in (1, 2, 3)]
"""The keys of the reference's vector."""


def holds(several: Several, signature: bytes, message: bytes = MESSAGE) -> bool:
    return verify(several.scheme, several.public_key, message, signature)


class TestLibrasBytes:
    """Scheme 1, reference 1.5."""

    def test_the_vector(self) -> None:
        """'Multisig 2-of-3 over seeds 0x01*32, 0x02*32, 0x03*32'."""
        several = Several(2, KEYS)
        assert several.public_key == b"".join(one.public_key for one in KEYS) + b"\x02"
        assert several.scheme == PLAIN == 1
        found = several.authentication_key()
        assert found.hex() == "e103d0e6e67b017524bebf94ae151df6a70c6f354178a88a9a3865bcafabfdb4"

    def test_signatures_and_bitmap(self) -> None:
        """'bit for key i is 0x80 >> (i mod 8) in byte i div 8 (most significant bit first)'."""
        one, two = bytes([1]) * 64, bytes([2]) * 64
        assert write_multi_signature({2: two, 0: one}) == one + two + bytes([0b1010_0000, 0, 0, 0])
        assert write_multi_signature({8: one}) == one + bytes([0, 0b1000_0000, 0, 0])
        assert write_multi_signature({31: two, 15: one}) == one + two + bytes([0, 1, 0, 1])
        assert Several(2, KEYS, using=(0, 2)).sign(MESSAGE) == (
            KEYS[0].sign(MESSAGE) + KEYS[2].sign(MESSAGE) + bytes([0b1010_0000, 0, 0, 0])
        )

    def test_sizes(self) -> None:
        """N keys have 32 N + 1 bytes, n signatures 64 n + 4."""
        several = plain(32, 32)
        assert (len(several.public_key), len(several.sign(MESSAGE))) == (32 * 32 + 1, 32 * 64 + 4)
        assert holds(several, several.sign(MESSAGE))


def test_our_bytes_of_mixed_schemes() -> None:
    """K7: 'before each key stands its scheme byte, and K ends it'."""
    several = mixed(2)
    ed, secp, p256 = (one.public_key for one in several.keys)
    assert (len(ed), len(secp), len(p256)) == (32, 33, 33)
    assert several.public_key == b"\x00" + ed + b"\x02" + secp + b"\x03" + p256 + b"\x02"
    assert several.scheme == MIXED == 4
    assert read_multi_key(4, several.public_key) == several.multi
    assert several.authentication_key() == authentication_key(4, several.public_key)


def test_the_scheme_follows_from_the_keys() -> None:
    """All Ed25519: Libra's scheme, else ours. Bytes of scheme 4 with Ed25519 alone are a key too, and another one."""
    members = [Member(ED, one.public_key) for one in KEYS]
    assert multi_key(2, members).scheme == 1
    assert multi_key(1, [*members, Member(P256, PrivateKey(bytes([9]) * 32, P256).public_key)]).scheme == 4
    as_mixed = b"".join(b"\0" + one.public_key for one in KEYS) + b"\x02"
    assert is_valid_public_key(4, as_mixed)
    assert authentication_key(4, as_mixed) != Several(2, KEYS).authentication_key()


@pytest.mark.parametrize(("threshold", "keys"), [(0, 1), (2, 1), (1, 0), (1, 33), (33, 33), (-1, 3)])
def test_k_and_n_out_of_range(threshold, keys) -> None:
    """1 <= K <= N <= 32."""
    members = [Member(ED, KEYS[0].public_key)] * keys
    with pytest.raises(SignatureError) as caught:
        multi_key(threshold, members)
    assert caught.value.name == "bad_threshold"
    assert caught.value.details == {"threshold": threshold, "keys": keys}
    for scheme, prefix in ((1, b""), (4, b"\0")):
        data = (prefix + KEYS[0].public_key) * keys + bytes([threshold % 256])
        assert read_multi_key(scheme, data) is None
        assert not is_valid_public_key(scheme, data)


@pytest.mark.parametrize(("threshold", "keys"), [(1, 1), (32, 32), (1, 32)])
def test_k_and_n_at_the_limits(threshold, keys) -> None:
    """1 <= K <= N <= 32, both sides."""
    for scheme, prefix in ((1, b""), (4, b"\0")):
        data = (prefix + KEYS[0].public_key) * keys + bytes([threshold])
        found = read_multi_key(scheme, data)
        assert found is not None
        assert (found.threshold, len(found.members)) == (threshold, keys)
        assert is_valid_public_key(scheme, data)


@pytest.mark.parametrize("make", [plain, mixed])
class TestSigning:
    """At least K of N."""

    def test_k_and_more_signatures(self, make) -> None:
        """K9: 'at least K signatures'; any of the keys will do."""
        for count in (1, 2, 3):
            for using in combinations(range(3), count):
                several = make(2, using=using)
                assert holds(several, several.sign(MESSAGE)) is (count >= 2), using
                assert not holds(several, several.sign(MESSAGE), b"another")

    def test_one_bad_signature_spoils_it(self, make) -> None:
        """K9: 'every signature verifies', also beyond K."""
        several = make(2, using=(0, 1, 2))
        good = {place: several.keys[place].sign(MESSAGE) for place in range(3)}
        assert holds(several, write_multi_signature(good))
        for place in range(3):
            assert not holds(several, write_multi_signature(good | {place: several.keys[place].sign(b"another")}))
        assert not holds(several, write_multi_signature({0: good[1], 1: good[0], 2: good[2]}))

    def test_a_key_that_does_not_exist(self, make) -> None:
        """K9: 'each bit names one of the N keys'."""
        several = make(2)
        good = {place: several.keys[place].sign(MESSAGE) for place in range(3)}
        assert not holds(several, write_multi_signature({**good, 3: good[0]}))
        assert not holds(several, write_multi_signature({0: good[0], 31: good[1]}))

    def test_the_bitmap_counts(self, make) -> None:
        """K8: as many bits as signatures, and a whole number of signatures."""
        several = make(2)
        good = several.sign(MESSAGE)
        assert holds(several, good)
        for bitmap in (0, 0b1000_0000 << 24, 0b1110_0000 << 24, 0b1100_0000 << 24 | 1):
            assert not holds(several, good[:-4] + bitmap.to_bytes(4, "big"))
        for wrong in (b"", good[:-1], good + b"\0", good[64:], good[:64], good[:-4], good[:-4] + good[:64] + good[-4:]):
            assert not holds(several, wrong)
        for between in (b"\0", bytes(63)):
            assert not holds(several, good[:-4] + between + good[-4:]), "no byte too many before the bitmap either"
        assert read_multi_signature(bytes(4)) is None, "no signature at all"

    def test_any_byte_changed_is_noticed(self, make) -> None:
        """One set of signatures, one byte string: of key and signature no byte is free."""
        several = make(2)
        good = several.sign(MESSAGE)
        for place in range(len(good)):
            flipped = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
            assert not holds(several, flipped), place
        for place in range(len(several.public_key)):
            key = several.public_key
            other = key[:place] + bytes([key[place] ^ 1]) + key[place + 1 :]
            assert authentication_key(several.scheme, other) != several.authentication_key()

    def test_every_one_of_the_n_keys_is_good(self, make) -> None:
        """K7: 'every one of the N keys must satisfy K1', also one that does not sign."""
        several = make(1, using=(0,))
        assert holds(several, several.sign(MESSAGE))
        at = several.public_key.index(several.keys[2].public_key)
        broken = several.public_key[:at] + b"\x02" + bytes(31) + several.public_key[at + 32 :]
        assert not is_valid_public_key(several.scheme, broken)
        assert not verify(several.scheme, broken, MESSAGE, several.sign(MESSAGE))

    def test_lengths_of_the_key(self, make) -> None:
        """K6: malformed input is an invalid key, never an exception."""
        key = make(2).public_key
        for wrong in (b"", key[:-1], key[1:], key + b"\0", key[:-1] + b"\x04", key[:-1] + b"\0", b"\x01", bytes(33)):
            for scheme in (1, 4):
                assert not is_valid_public_key(scheme, wrong), wrong.hex()

    def test_cost_is_of_the_signatures_that_are_there(self, make) -> None:
        """K11: 1 for Ed25519, 40 for ECDSA, the sum for K-of-N."""
        costs = {plain: (1, 1, 1), mixed: (1, 40, 40)}[make]
        for using in ((0, 1), (1, 2), (0, 1, 2)):
            several = make(2, using=using)
            signature = several.sign(MESSAGE)
            cost = verification_cost(several.scheme, several.public_key, signature)
            assert cost == sum(costs[place] for place in using)
            assert signature_count(several.scheme, signature) == len(using)

    def test_both_ports_agree(self, make) -> None:
        """The simulator's keyed hash judges K-of-N by the same rule."""
        port = KeyedHashSignatures(b"world")
        several = make(2)
        signers = {}
        for place, one in enumerate(several.keys):
            signers[place] = port.signer(
                (901 + place if make is plain else 801 + place).to_bytes(32, "big"), one.scheme
            )
            assert signers[place].public_key == one.public_key
        assert port.is_valid_key(several.scheme, several.public_key)
        assert not port.is_valid_key(several.scheme, several.public_key[:-1] + b"\x04")
        for using in ((0, 1), (0, 2), (0, 1, 2), (0,), (2,)):
            signature = write_multi_signature({place: signers[place].sign(MESSAGE) for place in using})
            check = SignatureCheck(several.scheme, several.public_key, MESSAGE, signature)
            assert port.verify(check) is (len(using) >= 2)
            assert not port.verify(check._replace(message=b"another"))
            assert not RealSignatures().verify(check)
        bad = write_multi_signature({0: signers[0].sign(MESSAGE), 1: signers[0].sign(MESSAGE)})
        assert not port.verify(SignatureCheck(several.scheme, several.public_key, MESSAGE, bad))


def test_a_key_that_stands_twice_counts_twice() -> None:
    """K7: as in Libra's code, which does not compare the keys with each other."""
    several = Several(2, [KEYS[0], KEYS[0], KEYS[1]])
    assert is_valid_public_key(1, several.public_key)
    assert holds(several, several.sign(MESSAGE))


def test_high_s_and_long_keys_inside() -> None:
    """K3 holds inside of K-of-N: s at most n/2, compressed keys only."""
    several = mixed(2, using=(0, 1))
    good = {place: several.keys[place].sign(MESSAGE) for place in (0, 1)}
    assert holds(several, write_multi_signature(good))
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s = int.from_bytes(good[1][32:], "big")
    high = good[1][:32] + (order - s).to_bytes(32, "big")
    assert not holds(several, write_multi_signature(good | {1: high}))


@pytest.mark.parametrize("signatures", [{}, {32: bytes(64)}, {-1: bytes(64)}, {0: bytes(63)}, {0: bytes(65)}])
def test_what_is_no_set_of_signatures(signatures) -> None:
    """SignatureError (`bad_signature_set`)."""
    with pytest.raises(SignatureError) as caught:
        write_multi_signature(signatures)
    assert caught.value.name == "bad_signature_set"


@pytest.mark.parametrize("cut", [1, 2, 31])
def test_a_member_that_is_cut_short(cut: int) -> None:
    """K7: each key has the bytes of its scheme, the last one too."""
    for several in (mixed(), plain()):
        keys, threshold = several.public_key[:-1], several.public_key[-1:]
        assert read_multi_key(several.scheme, keys + threshold) == several.multi
        assert read_multi_key(several.scheme, keys[:-cut] + threshold) is None


@pytest.mark.parametrize("scheme", [1, 4, 5, 255])
def test_a_member_of_no_single_key_scheme(scheme: int) -> None:
    """K7: 'before each key stands its scheme byte (0, 2 or 3)': no key of several inside of one, no unknown scheme,
    whatever follows it; and what is no key costs one verification (K11)."""
    good = bytes([0]) + KEYS[0].public_key
    for body in (bytes([scheme]), bytes([scheme]) + bytes(33), good + bytes([scheme]), bytes([scheme]) + good):
        assert read_multi_key(4, body + b"\1") is None
        assert member_signatures(4, body + b"\1", write_multi_signature({0: bytes(64)})) is None
        assert verification_cost(4, body + b"\1", write_multi_signature({0: bytes(64)})) == 1


def test_parts_of_any_scheme() -> None:
    """A single-key signature is its own only part; another scheme has none, and costs its refusal only."""
    assert member_signatures(2, b"key", b"s") == (MemberSignature(2, b"key", b"s"),)
    several = plain(2, using=(0, 2))
    signature = several.sign(MESSAGE)
    assert member_signatures(1, several.public_key, signature) == tuple(
        MemberSignature(0, several.keys[place].public_key, several.keys[place].sign(MESSAGE)) for place in (0, 2)
    )
    assert member_signatures(5, b"", b"") is None
    assert [verification_cost(scheme, b"", b"") for scheme in (0, 1, 2, 3, 4, 5)] == [1, 1, 40, 40, 1, 1]


KEY_SETS = st.lists(st.sampled_from([ED, SECP, P256]), min_size=1, max_size=32)


@given(KEY_SETS, st.data())
@settings(max_examples=60)
def test_keys_survive_the_round_trip(schemes, data) -> None:
    """One key, one byte string: decode(encode(x)) = x, and no other bytes decode to it."""
    threshold = data.draw(st.integers(1, len(schemes)))
    members = [Member(int(scheme), data.draw(st.binary(min_size=32, max_size=32)) + b"x" * (scheme != ED))
               for scheme in schemes]  # fmt: skip
    key = multi_key(threshold, members)
    encoded = key.to_bytes()
    assert read_multi_key(key.scheme, encoded) == key
    place, flip = data.draw(st.integers(0, len(encoded) - 1)), data.draw(st.integers(1, 255))
    other = encoded[:place] + bytes([encoded[place] ^ flip]) + encoded[place + 1 :]
    found = read_multi_key(key.scheme, other)
    assert found is None or (found != key and found.to_bytes() == other)


@given(st.dictionaries(st.integers(0, 31), st.binary(min_size=64, max_size=64), min_size=1, max_size=32), st.data())
@settings(max_examples=60)
def test_signatures_survive_the_round_trip(signatures, data) -> None:
    """One set of signatures, one byte string."""
    encoded = write_multi_signature(signatures)
    assert read_multi_signature(encoded) == dict(sorted(signatures.items()))
    place, flip = data.draw(st.integers(0, len(encoded) - 1)), data.draw(st.integers(1, 255))
    other = encoded[:place] + bytes([encoded[place] ^ flip]) + encoded[place + 1 :]
    found = read_multi_signature(other)
    assert found is None or (found != signatures and write_multi_signature(found) == other)


@given(st.integers(0, 6), st.binary(max_size=200), st.binary(max_size=300))
def test_rubbish_never_raises(scheme, public_key, signature) -> None:
    """K6."""
    assert verify(scheme, public_key, MESSAGE, signature) is False
    assert verification_cost(scheme, public_key, signature) >= 1
    found = read_multi_key(scheme, public_key)
    assert found is None or found.to_bytes() == public_key
