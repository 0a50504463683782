"""All 40 functions of Libra's framework (reference 3.8) are here, or docs/protocol.md says why not."""

from chain.functions import FUNCTIONS
from tests.house.rules import ROOT

LIBRA = {
    "PaymentScripts": "peer_to_peer_with_metadata peer_to_peer_by_signers",
    "AccountCreationScripts": """
        create_child_vasp_account create_parent_vasp_account create_designated_dealer create_validator_account
        create_validator_operator_account
    """,
    "AccountAdministrationScripts": """
        add_currency_to_account rotate_authentication_key rotate_authentication_key_with_nonce
        rotate_authentication_key_with_nonce_admin rotate_authentication_key_with_recovery_address
        create_recovery_address add_recovery_rotation_capability publish_shared_ed25519_public_key
        rotate_shared_ed25519_public_key rotate_dual_attestation_info create_vasp_domains
    """,
    "TreasuryComplianceScripts": """
        tiered_mint preburn burn_with_amount cancel_burn_with_amount burn_txn_fees freeze_account unfreeze_account
        update_dual_attestation_limit update_exchange_rate update_minting_ability add_vasp_domain remove_vasp_domain
    """,
    "ValidatorAdministrationScripts": """
        add_validator_and_reconfigure remove_validator_and_reconfigure register_validator_config
        set_validator_config_and_reconfigure set_validator_operator set_validator_operator_with_nonce_admin
    """,
    "SystemAdministrationScripts": """
        update_diem_version set_gas_constants initialize_diem_consensus_config update_diem_consensus_config
    """,
}
OLDER = {
    "create_diem_id_domains": "create_vasp_domains",
    "add_diem_id_domain": "add_vasp_domain",
    "remove_diem_id_domain": "remove_vasp_domain",
}
"""The spelling of client 1.7.1, of the same functions."""


def libra() -> dict[str, str]:
    """Module by function."""
    return {name: module for module, names in LIBRA.items() for name in names.split()}


def test_there_are_forty() -> None:
    """'40 functions in the snapshot'."""
    assert len(libra()) == 40


def test_each_is_here_in_its_module() -> None:
    """'Every transaction of section 3.8 (40 functions) either works as its native transaction kind or is listed in
    docs/protocol.md as left out with the reason'."""
    page = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
    left_out = page.partition("## What of Libra is left out")[2]
    assert "Publishing Move code" in left_out
    missing = [name for name in libra() if name not in FUNCTIONS and f"`{name}`" not in left_out]
    assert missing == []
    found = {name: FUNCTIONS[name].module for name in libra() if name in FUNCTIONS}
    assert found == {name: module for name, module in libra().items() if name in FUNCTIONS}


def test_the_older_spelling_takes_the_same() -> None:
    """Trap 1: the same module and parameters under both names."""
    for older, name in OLDER.items():
        assert FUNCTIONS[older] == FUNCTIONS[name]
