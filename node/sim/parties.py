"""Who takes part in a run: validators, treasury, a dealer, two wallet providers with paying children; and the
transactions that bring them and their money onto the ledger.
"""

from collections.abc import Callable

from chain.accounts import ASSOCIATION, TREASURY
from chain.codec import Value
from chain.crypto.signing import PrivateKey, Scheme, Signer, address_of, authentication_key
from chain.execution.treasury import receipt_message
from chain.genesis import GenesisCurrency, GenesisDocument, GenesisValidator, genesis_hash, operator_name
from chain.primitives import SECOND_US
from chain.records.validators import network_address
from chain.transaction import Payload
from node.sim.entropy import Stream
from node.sim.scenario import Scenario
from node.sim.signatures import private_key
from node.sim.workload import CURRENCY, Step, Wallet

GENESIS_US = 1_700_000_000_000_000
"""Genesis time of every simulated network (14 November 2023)."""
START_US = GENESIS_US + 10 * SECOND_US
"""True time when the validators start."""
CHAIN_ID = 4
MINTED = 900_000_000_000
"""Micro-units that the dealer gets."""
TO_PROVIDER = 200_000_000_000
TO_CHILD = 1_000_000_000
ONE_XDX = 1 << 32


class Parties:
    """Keys, the genesis document and the set-up, all from one stream."""

    def __init__(self, scenario: Scenario, stream: Stream, signer: Callable[[bytes], Signer]) -> None:
        """`signer` makes a signer of the run's signature port from 32 secret bytes."""
        self._signer = signer
        self._stream = stream
        custodian = private_key(stream.octets(32))
        association, treasury = signer(stream.octets(32)), signer(stream.octets(32))
        count = scenario.validators + scenario.spares
        self.consensus_keys = [[signer(stream.octets(32))] for _ in range(count)]
        """Of each validator, the newest last."""
        self.network_keys = [private_key(stream.octets(32)).public_key for _ in range(count)]
        self.owners = [self._wallet() for _ in range(count)]
        self.operators = [self._wallet() for _ in range(count)]
        self.document = GenesisDocument(
            CHAIN_ID, GENESIS_US,
            tuple(
                GenesisValidator(
                    validator_name(index), self.consensus_keys[index][0].public_key, self.network_keys[index],
                    self.owners[index].signer.public_key, self.operators[index].signer.public_key,
                )
                for index in range(scenario.validators)
            ),
            association.public_key, treasury.public_key,
            (GenesisCurrency(CURRENCY, 1_000_000, 100, ONE_XDX, False, True, custodian.public_key),),
            (),
        )  # fmt: skip
        self.chain = (CHAIN_ID, genesis_hash(self.document))
        self.association = Wallet(ASSOCIATION, association)
        self.treasury = Wallet(TREASURY, treasury)
        self.dealer = self._wallet()
        self.providers = [self._wallet(), self._wallet()]
        self.payers = [self._wallet() for _ in range(scenario.payers)]
        self.prober = self._wallet()
        self.stages: list[list[Step]] = []
        """The set-up; without payers there is nothing to set up."""
        if self.payers:
            self.stages = [self._treasury_steps(custodian), self._dealer_steps(), self._provider_steps()]
        spares = range(scenario.validators, count)
        self.stages += [stage for index in spares for stage in self._validator_stages(index)]

    def _wallet(self) -> Wallet:
        """An account with a fresh key."""
        signer = self._signer(self._stream.octets(32))
        return Wallet(address_of(authentication_key(Scheme.ED25519, signer.public_key)), signer)

    def _validator_stages(self, index: int) -> list[list[Step]]:
        """The association registers a further validator, whose owner and operator do the rest."""
        owner, operator, name = self.owners[index], self.operators[index], validator_name(index)
        key = self.consensus_keys[index][0].public_key
        create = [
            ("create_validator_account", (0, *_identity(owner), name)),
            ("create_validator_operator_account", (0, *_identity(operator), operator_name(name))),
        ]
        return [
            [Step(self.association, Payload(*call)) for call in create],
            [Step(owner, Payload("set_validator_operator", (operator_name(name), operator.address)))],
            [Step(operator, Payload("register_validator_config", self.config_of(index, key)))],
        ]

    def config_of(self, index: int, consensus_key: bytes) -> tuple[Value, ...]:
        """Arguments of `register_validator_config` for a validator with this consensus key."""
        return self.owners[index].address, consensus_key, network_address(self.network_keys[index], ""), ""

    def new_consensus_key(self, index: int) -> bytes:
        """One more key for a validator; its public part."""
        self.consensus_keys[index].append(self._signer(self._stream.octets(32)))
        return self.consensus_keys[index][-1].public_key

    def _treasury_steps(self, custodian: PrivateKey) -> list[Step]:
        """Create the dealer and the providers, mint against a custodian's receipt."""
        dealer = ("create_designated_dealer", (CURRENCY, 0, *_identity(self.dealer), "us-dealer", False))
        providers = [
            ("create_parent_vasp_account", (CURRENCY, 0, *_identity(wallet), name, False))
            for wallet, name in zip(self.providers, ("us-wallet", "br-wallet"), strict=True)
        ]
        receipt = self._stream.octets(32)
        signature = custodian.sign(receipt_message(self.chain[1], receipt, CURRENCY, MINTED))
        mint = ("tiered_mint", (CURRENCY, 0, self.dealer.address, MINTED, 0, receipt, signature))
        return [Step(self.treasury, Payload(*call)) for call in (dealer, *providers, mint)]

    def _dealer_steps(self) -> list[Step]:
        """The dealer sells coins to the providers."""
        name = "peer_to_peer_with_metadata"
        calls = [Payload(name, (CURRENCY, wallet.address, TO_PROVIDER, b"", b"")) for wallet in self.providers]
        return [Step(self.dealer, payload) for payload in calls]

    def _provider_steps(self) -> list[Step]:
        """The providers create and fund their children."""
        steps = []
        for number, wallet in enumerate([*self.payers, self.prober]):
            arguments = (CURRENCY, *_identity(wallet), False, TO_CHILD)
            steps.append(Step(self.providers[number % 2], Payload("create_child_vasp_account", arguments)))
        return steps


def validator_name(index: int) -> str:
    """What the chain calls it."""
    return f"validator-{index}"


def _identity(wallet: Wallet) -> tuple[bytes, bytes]:
    """Address, and the first half of the authentication key."""
    return wallet.address, authentication_key(Scheme.ED25519, wallet.signer.public_key)[:16]
