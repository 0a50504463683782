"""Calls that fail, one of each function at least, and the sentence that the explorer has for each."""

from typing import Any

from chain.accounts import ASSOCIATION
from chain.records.onchain import ConsensusConfig
from tests.builders import NOBODY, ONE, PAYMENT, TC, key, party
from tests.views import ALICE, BRUNO, DEALER, US_WALLET

NEW = party(80)
PREFIX = NEW.key.authentication_key()[:16]

FAILURES: list[tuple[Any, str, tuple[Any, ...], str]] = [
    (
        ALICE, PAYMENT, ("XUS", BRUNO.address, 500 * ONE, b"", b""),
        ("alice@us-wallet tried to pay bruno@br-wallet 500 XUS, and failed: the balance is below the amount, or what is"
        " left does not cover the fee"),
    ),
    (
        ALICE, PAYMENT, ("XUS", NOBODY.address, 1, b"", b""),
        (f"alice@us-wallet tried to pay {NOBODY.address.hex()} 0.000001 XUS, and failed: there is no account at the"
        " payee's address"),
    ),
    (
        ALICE, PAYMENT, ("\x1b[31mX\u202e", BRUNO.address, ONE, b"", b""),
        "alice@us-wallet tried to pay bruno@br-wallet 1 [31mX, and failed: the payer holds no balance in this currency",
    ),
    (
        ALICE, "create_child_vasp_account", ("XUS", NEW.address, PREFIX, True, 0),
        (f"alice@us-wallet tried to open the child account {NEW.address.hex()}, holding every currency, and failed:"
        " only a wallet provider (parent VASP) may do this"),
    ),
    (
        ALICE, "create_parent_vasp_account", ("XUS", 0, NEW.address, PREFIX, "me", False),
        (f"alice@us-wallet tried to make {NEW.address.hex()} a wallet provider, called “me” on the ledger, holding XUS,"
        " and failed: only the treasury may do this"),
    ),
    (
        ALICE, "create_designated_dealer", ("XUS", 0, NEW.address, PREFIX, "me", True),
        (f"alice@us-wallet tried to make {NEW.address.hex()} a designated dealer, called “me” on the ledger, holding"
        " every currency, and failed: only the treasury may do this"),
    ),
    (
        ALICE, "add_currency_to_account", ("XUS",),
        "alice@us-wallet tried to open a balance in XUS, and failed: the account holds this currency already",
    ),
    (
        ALICE, "rotate_authentication_key", (b"short",),
        ("alice@us-wallet tried to change its key; the address stays, and failed: an authentication key has 32 bytes: a"
        " prefix of 16, then the address"),
    ),
    (
        ALICE, "rotate_authentication_key_with_nonce", (0, b"short"),
        ("alice@us-wallet tried to change its key; the address stays, and failed: only the association and the treasury"
        " have sliding nonces"),
    ),
    (
        ALICE, "rotate_authentication_key_with_nonce_admin", (0, BRUNO.address, bytes(32)),
        ("alice@us-wallet tried to change the key of bruno@br-wallet; the address stays, and failed: only the"
        " association may do this"),
    ),
    (
        ALICE, "rotate_authentication_key_with_recovery_address", (US_WALLET.address, BRUNO.address, bytes(32)),
        ("alice@us-wallet tried to change the key of bruno@br-wallet by what the recovery account us-wallet holds; the"
        " address stays, and failed: the address is no recovery account's"),
    ),
    (
        DEALER, "create_recovery_address", (),
        ("dealer-one tried to become a recovery account, which may change the keys that are handed to it, and failed:"
        " the account is no wallet provider's and none of a provider's children"),
    ),
    (
        ALICE, "add_recovery_rotation_capability", (BRUNO.address,),
        ("alice@us-wallet tried to hand the right to change its key to the recovery account bruno@br-wallet, and"
        " failed: the address is no recovery account's"),
    ),
    (
        ALICE, "publish_shared_ed25519_public_key", (b"\1" * 2,),
        ("alice@us-wallet tried to publish its public key, 0101, by which it signs from now on, and failed: the"
        " published key is no valid Ed25519 key"),
    ),
    (
        ALICE, "rotate_shared_ed25519_public_key", (b"\1",),
        ("alice@us-wallet tried to publish its public key, 01, by which it signs from now on, and failed: the account"
        " has published no public key"),
    ),
    *[
        (
            US_WALLET, function, (),
            ("us-wallet tried to make itself an empty list of domains, and failed: the wallet provider has a list of"
            " domains already"),
        )
        for function in ("create_vasp_domains", "create_diem_id_domains")
    ],
    *[
        (
            TC, function, (US_WALLET.address, b"a-b\xff"),
            ("treasury tried to give us-wallet the domain “a-b\ufffd”, and failed: a domain has 1 to 63 ASCII letters,"
            " digits and dots, the first one no dot"),
        )
        for function in ("add_vasp_domain", "add_diem_id_domain")
    ],
    *[
        (
            TC, function, (US_WALLET.address, b"us"),
            ("treasury tried to take the domain “us” away from us-wallet, and failed: the wallet provider does not have"
            " this domain"),
        )
        for function in ("remove_vasp_domain", "remove_diem_id_domain")
    ],
    (
        ALICE, "rotate_dual_attestation_info", (b"u", b"k"),
        ("alice@us-wallet tried to publish where it attests payments, “u”, and the key that it attests with, and"
        " failed: only wallet providers and dealers publish dual-attestation information"),
    ),
    (
        ALICE, "tiered_mint", ("XUS", 0, DEALER.address, ONE, 0, bytes(32), b""),
        ("alice@us-wallet tried to mint 1 XUS to dealer-one against a custodian's receipt, and failed: only the"
        " treasury may do this"),
    ),
    (
        ALICE, "peer_to_peer_by_signers", ("XUS", ONE, b""),
        ("alice@us-wallet tried to pay nobody 1 XUS, with its signature, and failed: another number of secondary"
        " signers signed than the function takes"),
    ),
    (
        ALICE, "exchange_by_signers", ("XUS", ONE, "XEU", ONE, b""),
        ("alice@us-wallet tried to exchange 1 XUS for 1 XEU with nobody, both signing, and failed: another number of"
        " secondary signers signed than the function takes"),
    ),
    (
        ALICE, "preburn", ("XUS", ONE),
        ("alice@us-wallet tried to put 1 XUS into the queue to be burned, and failed: only a designated dealer may do"
        " this"),
    ),
    (
        TC, "burn_with_amount", ("XUS", 0, DEALER.address, ONE),
        ("treasury tried to burn 1 XUS from the queue of dealer-one; the custodian releases as much, and failed: the"
        " dealer has no preburn request of exactly this amount"),
    ),
    (
        ALICE, "pay_batch", ((("XUS", BRUNO.address, 2 * ONE, b"", b""), ("XDX", BRUNO.address, ONE, b"", b"")),),
        ("alice@us-wallet tried to pay bruno@br-wallet 1 XDX and 2 XUS by 2 payments in one batch, and failed at"
        " payment 1: the balance is below the amount, or what is left does not cover the fee"),
    ),
    (
        TC, "cancel_burn_with_amount", ("XUS", DEALER.address, ONE),
        ("treasury tried to give dealer-one 1 XUS back from its queue, and failed: the dealer has no preburn request of"
        " exactly this amount"),
    ),
    (
        TC, "freeze_account", (0, TC.address),
        "treasury tried to freeze treasury: it neither sends nor receives, and failed: the treasury cannot be frozen",
    ),
    (
        ALICE, "unfreeze_account", (0, BRUNO.address),
        "alice@us-wallet tried to unfreeze bruno@br-wallet, and failed: only the treasury may do this",
    ),
    (
        TC, "update_dual_attestation_limit", (10_000, 5),
        ("treasury tried to set the limit from which two providers must attest to 0.000005 XDX, and failed: the sliding"
        " nonce is 10,000 or more above the lowest one that still counts"),
    ),
    (
        TC, "update_exchange_rate", ("XEU", 0, 1, 0),
        "treasury tried to set the rate of XEU to 1/0 XDX, and failed: the denominator of the rate is 0",
    ),
    (
        TC, "update_minting_ability", ("XDX", True),
        ("treasury tried to switch minting of XDX on, and failed: a synthetic currency is never minted or burned:"
         " dealers compose and decompose it"),
    ),
    (
        ALICE, "compose", ("XDX", ONE),
        ("alice@us-wallet tried to compose 1 XDX of the coins that it stands on, and failed: only a designated dealer"
         " may do this"),
    ),
    (
        DEALER, "decompose", ("XUS", ONE),
        ("dealer-one tried to decompose 1 XUS into the coins that it stands on, and failed: this currency is no basket"
         " of other coins"),
    ),
    (
        TC, "burn_txn_fees", ("XEU",),
        ("treasury tried to burn the fees collected in XEU; the custodian releases as much, and failed: no fees in this"
         " currency have been collected"),
    ),
    (
        TC, "update_dealer_tiers", ("XUS", 0, DEALER.address, 2 * ONE, ONE, 0, 0),
        ("treasury tried to cap minting to dealer-one within 24 hours at 2 XUS, 1 XUS, and failed: the caps of a"
         " dealer's tiers rise strictly, zeros stand at the end"),
    ),
    (
        TC, "register_scs_currency", ("XIN", 1, 0, ONE, 100, bytes(32)),
        ("treasury tried to register the currency XIN at 1/0 XDX, and failed: another number of secondary signers"
         " signed than the function takes"),
    ),
    (
        ALICE, "publish_unrestricted_limits", ("NOP",),
        ("alice@us-wallet tried to publish a definition of account limits in NOP, without limits yet, and failed: no"
         " such currency is registered"),
    ),
    (
        ALICE, "publish_window", ("XUS", ASSOCIATION),
        ("alice@us-wallet tried to bind nobody to the account limits in XUS of association, and failed: another number"
         " of secondary signers signed than the function takes"),
    ),
    (
        TC, "update_limits_definition", ("XUS", 0, DEALER.address, ONE, 2**64 - 1, 0, 9),
        ("treasury tried to set the account limits in XUS of dealer-one: inflow 1 XUS, outflow without limit, in 9 us,"
         " and failed: no limits definition in this currency stands under this address"),
    ),
    (
        TC, "update_window_info", ("XUS", US_WALLET.address, ONE, ASSOCIATION),
        ("treasury tried to bind us-wallet, holding 1 XUS, to the account limits in XUS of association, and failed: no"
         " limits in this currency bind this provider"),
    ),
    (
        TC, "set_jurisdiction_policy", (0, b"\x00"),
        ("treasury tried to set a jurisdiction policy that cannot be read, and failed: the bytes are no jurisdiction"
         " policy"),
    ),
    (
        TC, "set_vasp_country", (0, ALICE.address, "BR"),
        ("treasury tried to set the country of alice@us-wallet to BR, and failed: the account is no wallet provider"
         " (parent VASP)"),
    ),
    (
        ALICE, "create_validator_account", (0, NEW.address, PREFIX, "v"),
        (f"alice@us-wallet tried to make {NEW.address.hex()} the owner of a validator, called “v” on the ledger, and"
        " failed: only the association may do this"),
    ),
    (
        ALICE, "create_validator_operator_account", (0, NEW.address, PREFIX, "o"),
        (f"alice@us-wallet tried to make {NEW.address.hex()} a validator operator, called “o” on the ledger, and"
        " failed: only the association may do this"),
    ),
    (
        ALICE, "add_validator_and_reconfigure", (0, "v", NEW.address),
        ("alice@us-wallet tried to take “v” into the validator set, and failed: only the association may do this"),
    ),
    (
        ALICE, "remove_validator_and_reconfigure", (0, "v", NEW.address),
        ("alice@us-wallet tried to put “v” out of the validator set, and failed: only the association may do this"),
    ),
    (
        ALICE, "register_validator_config", (NEW.address, bytes(32), f"{bytes(32).hex()}@127.0.0.1:9", ""),
        (f"alice@us-wallet tried to register keys and addresses of the validator of {NEW.address.hex()}, at"
        " “127.0.0.1:9”, and failed: there is no validator at this address"),
    ),
    (
        ALICE, "set_validator_config_and_reconfigure", (NEW.address, bytes(32), "nothing", ""),
        (f"alice@us-wallet tried to register new keys and addresses of the validator of {NEW.address.hex()}, at “”, and"
        " failed: there is no validator at this address"),
    ),
    (
        ALICE, "set_validator_operator", ("o", NEW.address),
        (f"alice@us-wallet tried to choose {NEW.address.hex()}, called “o”, to operate its validator, and failed: there"
        " is no validator operator at this address"),
    ),
    (
        ALICE, "set_validator_operator_with_nonce_admin", (0, "o", NEW.address),
        (f"alice@us-wallet tried to choose {NEW.address.hex()}, called “o”, to operate its validator, and failed:"
        " another number of secondary signers signed than the function takes"),
    ),
    (
        ALICE, "submit_evidence", (key(11).public_key, b"nothing"),
        (f"alice@us-wallet tried to show that the validator with the key {key(11).public_key.hex()} lied, and failed:"
        " the evidence does not show that this key signed what no honest validator signs"),
    ),
    (
        ALICE, "update_diem_version", (0, 9),
        "alice@us-wallet tried to raise the protocol version to 9, and failed: only the association may do this",
    ),
    (
        ALICE, "set_gas_constants", (0, *range(11)),
        ("alice@us-wallet tried to set the gas constants: at least 2 units a transaction, at a price from 6, and"
        " failed: only the association may do this"),
    ),
    (
        ALICE, "initialize_diem_consensus_config", (0,),
        "alice@us-wallet tried to begin the consensus configuration, and failed: only the association may do this",
    ),
    (
        ALICE, "update_diem_consensus_config", (0, ConsensusConfig().to_bytes()),
        ("alice@us-wallet tried to set the consensus configuration: rounds of 1000000 µs, an idle wait of 800000 µs,"
        " and failed: only the association may do this"),
    ),
    (
        ALICE, "update_diem_consensus_config", (0, b"\xc1"),
        ("alice@us-wallet tried to set a consensus configuration that nobody can read, and failed: only the association"
        " may do this"),
    ),
    (
        ALICE, "halt_transactions", (0,),
        ("alice@us-wallet tried to halt all transactions but its own and the treasury's, and failed: only the"
        " association may do this"),
    ),
    (
        ALICE, "resume_transactions", (0,),
        "alice@us-wallet tried to resume transactions, and failed: only the association may do this",
    ),
]  # fmt: skip
