"""Run a block: a pure function of the state before it and its transactions.

Each transaction works on an overlay of its own, so that a failed one leaves nothing but its fee (rule T7). Whether its
sender may call the function is asked here, before it runs, from the table of roles (`permission`, W2, W3).
"""

from collections.abc import Callable, Sequence

from chain.entries import Status
from chain.execution import (
    account_limits,
    accusing,
    administration,
    basket,
    creation,
    currencies,
    domains,
    jurisdiction,
    multi_agent,
    payments,
    rotation,
    system,
    tiers,
    treasury,
    validators,
)
from chain.execution.context import BlockContext, Run
from chain.execution.gas import gas_of, gas_until
from chain.execution.multi_agent import check_signer_count
from chain.execution.outcome import EXECUTED, OUT_OF_GAS, Abort, Category, Outcome
from chain.execution.permission import check_sender
from chain.execution.reconfiguration import is_epoch_over
from chain.limits import MAX_BLOCK_GAS, MIN_GAS_UNITS
from chain.primitives import SECOND_US
from chain.state.view import Overlay, StateView
from chain.transaction import SignedTransaction
from chain.validation import Discard, DiscardStatus, check_prologue, gas_bounds, postponed

HANDLERS: dict[str, Callable[..., None]] = {
    "peer_to_peer_with_metadata": payments.peer_to_peer_with_metadata,
    "pay_batch": payments.pay_batch,
    "peer_to_peer_by_signers": multi_agent.peer_to_peer_by_signers,
    "exchange_by_signers": multi_agent.exchange_by_signers,
    "create_child_vasp_account": creation.create_child_vasp_account,
    "create_parent_vasp_account": creation.create_parent_vasp_account,
    "create_designated_dealer": creation.create_designated_dealer,
    "add_currency_to_account": administration.add_currency_to_account,
    "rotate_authentication_key": rotation.rotate_authentication_key,
    "rotate_authentication_key_with_nonce": rotation.rotate_authentication_key_with_nonce,
    "rotate_authentication_key_with_nonce_admin": rotation.rotate_authentication_key_with_nonce_admin,
    "rotate_authentication_key_with_recovery_address": rotation.rotate_authentication_key_with_recovery_address,
    "create_recovery_address": rotation.create_recovery_address,
    "add_recovery_rotation_capability": rotation.add_recovery_rotation_capability,
    "publish_shared_ed25519_public_key": rotation.publish_shared_ed25519_public_key,
    "rotate_shared_ed25519_public_key": rotation.rotate_shared_ed25519_public_key,
    "create_vasp_domains": domains.create_vasp_domains,
    "create_diem_id_domains": domains.create_vasp_domains,
    "add_vasp_domain": domains.add_vasp_domain,
    "add_diem_id_domain": domains.add_vasp_domain,
    "remove_vasp_domain": domains.remove_vasp_domain,
    "remove_diem_id_domain": domains.remove_vasp_domain,
    "rotate_dual_attestation_info": administration.rotate_dual_attestation_info,
    "tiered_mint": treasury.tiered_mint,
    "preburn": treasury.preburn,
    "burn_with_amount": treasury.burn_with_amount,
    "cancel_burn_with_amount": treasury.cancel_burn_with_amount,
    "freeze_account": treasury.freeze_account,
    "unfreeze_account": treasury.unfreeze_account,
    "update_dual_attestation_limit": treasury.update_dual_attestation_limit,
    "update_exchange_rate": treasury.update_exchange_rate,
    "update_minting_ability": treasury.update_minting_ability,
    "burn_txn_fees": currencies.burn_txn_fees,
    "update_dealer_tiers": tiers.update_dealer_tiers,
    "register_scs_currency": currencies.register_scs_currency,
    "compose": basket.compose,
    "decompose": basket.decompose,
    "publish_unrestricted_limits": account_limits.publish_unrestricted_limits,
    "publish_window": account_limits.publish_window,
    "update_limits_definition": account_limits.update_limits_definition,
    "update_window_info": account_limits.update_window_info,
    "set_jurisdiction_policy": jurisdiction.set_jurisdiction_policy,
    "set_vasp_country": jurisdiction.set_vasp_country,
    "create_validator_account": validators.create_validator_account,
    "create_validator_operator_account": validators.create_validator_operator_account,
    "add_validator_and_reconfigure": validators.add_validator_and_reconfigure,
    "remove_validator_and_reconfigure": validators.remove_validator_and_reconfigure,
    "register_validator_config": validators.register_validator_config,
    "set_validator_config_and_reconfigure": validators.set_validator_config_and_reconfigure,
    "set_validator_operator": validators.set_validator_operator,
    "set_validator_operator_with_nonce_admin": validators.set_validator_operator_with_nonce_admin,
    "submit_evidence": accusing.submit_evidence,
    "update_diem_version": system.update_diem_version,
    "set_gas_constants": system.set_gas_constants,
    "initialize_diem_consensus_config": system.initialize_diem_consensus_config,
    "update_diem_consensus_config": system.update_diem_consensus_config,
    "halt_transactions": system.halt_transactions,
    "resume_transactions": system.resume_transactions,
}
"""What each function of `chain.functions.FUNCTIONS` does; a test holds that the two tables agree."""


def execute_block(
    view: StateView, context: BlockContext, transactions: Sequence[SignedTransaction]
) -> tuple[Overlay, Outcome, list[Outcome | Discard]]:
    """Run transactions, whose signatures are checked, in order.

    Gives the block's writes, the outcome of its metadata entry, and one outcome (or the reason to discard) a
    transaction. What stands after a transaction that ends the epoch waits for the next one (E4). What would take
    the block above its work is discarded from it, and runs in a later one (B7).
    """
    block = Overlay(view)
    metadata = Run(context, b"", block)
    metadata.emit_root("newblock", (context.round, context.proposer, context.timestamp_us))
    outcomes: list[Outcome | Discard] = []
    work_left = MAX_BLOCK_GAS
    for tx in transactions:
        if is_epoch_over(block, context):
            outcomes.append(postponed(context.epoch))
            continue
        work = gas_of(tx)
        try:
            outcomes.append(_execute(block, context, tx, work, work_left))
        except Discard as discard:
            outcomes.append(discard)
        else:
            work_left -= work
    return block, Outcome(EXECUTED, 0, tuple(metadata.events)), outcomes


def _execute(block: Overlay, context: BlockContext, tx: SignedTransaction, work: int, work_left: int) -> Outcome:
    """Prologue, payload, epilogue of one transaction of so much work, in a block that may do `work_left` more."""
    raw = tx.raw
    now_secs = context.timestamp_us // SECOND_US
    check_prologue(block, tx, chain_id=context.chain_id, now_secs=now_secs, allow_future_sequence=False)
    if work > work_left:
        raise Discard(
            DiscardStatus.BLOCK_GAS_EXCEEDED,
            f"it may use {work} gas, the block has {work_left} of {MAX_BLOCK_GAS} left: it waits for the next",
            gas=work, left=work_left,
        )  # fmt: skip
    minimum = gas_bounds(block, raw.sender).min_transaction_gas_units
    gas = work if minimum == MIN_GAS_UNITS else gas_of(tx, minimum)
    if gas > raw.max_gas_amount:
        return _keep_failed(block, tx, OUT_OF_GAS, raw.max_gas_amount)
    run = Run(context, raw.sender, Overlay(block), tuple([other.address for other in tx.secondaries]))
    try:
        check_signer_count(tx)
        check_sender(run, raw.payload.function)
        HANDLERS[raw.payload.function](run, *raw.payload.arguments)
        _epilogue(run.state, tx, gas)
    except Abort as abort:
        return _keep_failed(block, tx, abort.status(), gas if abort.done is None else gas_until(tx, abort.done))
    run.state.merge()
    return Outcome(EXECUTED, gas, tuple(run.events))


def _keep_failed(block: Overlay, tx: SignedTransaction, status: Status, gas: int) -> Outcome:
    """Only the fee and the sequence number stay."""
    _epilogue(block, tx, gas)
    return Outcome(status, gas, ())


def _epilogue(state: Overlay, tx: SignedTransaction, gas: int) -> None:
    """Use up the sender's sequence number, and move the fee of whoever pays it into the currency's pot."""
    raw = tx.raw
    sender = state.account(raw.sender)
    assert sender is not None
    fee = gas * raw.gas_unit_price
    if not fee:
        state.put_account(sender.after_transaction(raw.sequence_number + 1))
        return
    payer = sender if not raw.fee_payer else state.account(raw.fee_payer)
    assert payer is not None
    balance = payer.balance(raw.gas_currency)
    if balance is None or balance < fee:
        raise Abort(
            "DiemAccount",
            Category.LIMIT_EXCEEDED,
            "EINSUFFICIENT_BALANCE",
            f"after the payment {balance} micro-{raw.gas_currency} are left for a fee of {fee}",
        )
    if payer is sender:
        state.put_account(sender.after_fee(raw.sequence_number + 1, raw.gas_currency, balance - fee))
    else:
        state.put_account(sender.after_transaction(raw.sequence_number + 1))
        state.put_account(payer.with_balance(raw.gas_currency, balance - fee))
    currency = state.currency(raw.gas_currency)
    assert currency is not None
    state.put_currency(currency.with_fees(currency.fees + fee))
