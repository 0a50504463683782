"""Who takes part in a run: validators, treasury, a dealer, two wallet providers with paying children; and the
transactions that bring them and their money onto the ledger.
"""

from collections.abc import Callable

from chain.accounts import ASSOCIATION, TREASURY
from chain.crypto.signing import PrivateKey, Scheme, Signer, address_of, authentication_key
from chain.execution.treasury import receipt_message
from chain.genesis import GenesisCurrency, GenesisDocument, GenesisValidator, genesis_hash
from chain.transaction import Payload
from node.sim.entropy import Stream
from node.sim.scenario import Scenario
from node.sim.workload import CURRENCY, Step, Wallet

GENESIS_US = 1_700_000_000_000_000
"""Genesis time of every simulated network (14 November 2023)."""
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
        custodian = PrivateKey(stream.octets(32))
        association, treasury = signer(stream.octets(32)), signer(stream.octets(32))
        self.validator_signers = [signer(stream.octets(32)) for _ in range(scenario.validators)]
        network_keys = [PrivateKey(stream.octets(32)).public_key for _ in range(scenario.validators)]
        self.owners = [self._wallet() for _ in range(scenario.validators)]
        self.operators = [self._wallet() for _ in range(scenario.validators)]
        self.document = GenesisDocument(
            CHAIN_ID, GENESIS_US,
            tuple(
                GenesisValidator(
                    f"validator-{index}", signer_.public_key, key, self.owners[index].signer.public_key,
                    self.operators[index].signer.public_key,
                )
                for index, (signer_, key) in enumerate(zip(self.validator_signers, network_keys, strict=True))
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
        self.stages = [self._treasury_steps(custodian), self._dealer_steps(), self._provider_steps()]

    def _wallet(self) -> Wallet:
        """An account with a fresh key."""
        signer = self._signer(self._stream.octets(32))
        return Wallet(address_of(authentication_key(Scheme.ED25519, signer.public_key)), signer)

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


def _identity(wallet: Wallet) -> tuple[bytes, bytes]:
    """Address, and the first half of the authentication key."""
    return wallet.address, authentication_key(Scheme.ED25519, wallet.signer.public_key)[:16]
