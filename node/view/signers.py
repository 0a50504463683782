"""Who signed a transaction, with which keys: each signer's scheme, and of K-of-N which keys signed.

Input is the Transaction object of JSON-RPC.
"""

from typing import Any

from chain.crypto.multi import read_multi_key, read_multi_signature
from chain.crypto.schemes import Scheme
from node.view.names import Names
from node.view.text import clean

Json = Any

SCHEMES = {
    "Scheme::Ed25519": "Ed25519",
    "Scheme::MultiEd25519": "MultiEd25519",
    "Scheme::Secp256k1": "secp256k1",
    "Scheme::P256": "P-256",
    "Scheme::MixedMulti": "mixed K-of-N",
}
"""Signature schemes as people know them, by the API's words."""
_OF_ONE_KEY = {Scheme.ED25519: "Ed25519", Scheme.SECP256K1: "secp256k1", Scheme.P256: "P-256"}
_SEVERAL = {"Scheme::MultiEd25519": Scheme.MULTI_ED25519, "Scheme::MixedMulti": Scheme.MIXED_MULTI}


def signers_of(body: Json) -> list[Json]:
    """The sender, then each secondary signer: {address, role, scheme, threshold, keys: [{..., signed}]}."""
    rows = [
        (body["sender"], body["signature_scheme"], body["public_key"], body["signature"]),
        *zip(
            body["secondary_signers"], body["secondary_signature_schemes"], body["secondary_public_keys"],
            body["secondary_signatures"], strict=True,
        ),
    ]  # fmt: skip
    return [_signer(place, *row) for place, row in enumerate(rows)]


def _signer(place: int, address: str, scheme: str, public_key: str, signature: str) -> Json:
    """One of them."""
    words = SCHEMES.get(scheme, scheme)
    threshold, keys = 1, [{"scheme": words, "public_key": public_key, "signed": True}]
    if scheme in _SEVERAL:
        key = read_multi_key(_SEVERAL[scheme], bytes.fromhex(public_key))
        given = read_multi_signature(bytes.fromhex(signature)) or {}
        if key is not None:
            threshold = key.threshold
            keys = [
                {
                    "scheme": _OF_ONE_KEY[Scheme(member.scheme)],
                    "public_key": member.public_key.hex(),
                    "signed": number in given,
                }
                for number, member in enumerate(key.members)
            ]
    role = "secondary" if place else "sender"
    return {"address": address, "role": role, "scheme": words, "threshold": threshold, "keys": keys}


def signer_rows(signers: list[Json], names: Names) -> list[tuple[str, str]]:
    """Lines for people: one a signature, with K and N where there are several keys."""
    rows = []
    for signer in signers:
        label = "signature" if signer["role"] == "sender" else "signed too"
        whose = "" if signer["role"] == "sender" else f"{names.of(signer['address'])}: "
        if len(signer["keys"]) == 1 and signer["threshold"] == 1 and signer["scheme"] not in _MULTI_WORDS:
            rows.append((label, f"{whose}{clean(signer['scheme'])} by {signer['keys'][0]['public_key']}"))
            continue
        signed = [key for key in signer["keys"] if key["signed"]]
        head = f"{signer['threshold']} of {len(signer['keys'])} keys must sign, {len(signed)} did"
        rows.append((label, f"{whose}{clean(signer['scheme'])}: {head}"))
        rows += [("", f"{key['scheme']} by {key['public_key']}") for key in signed]
    return rows


_MULTI_WORDS = tuple(SCHEMES[name] for name in _SEVERAL)
