"""The import contracts of pyproject.toml hold, and each of them can fail: a planted import breaks it."""

import copy
import tomllib
from functools import cache
from typing import Any

import grimp
import pytest
from importlinter.configuration import configure
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from importlinter.domain.contract import Contract

from tests.house.rules import PACKAGES, ROOT

configure()  # import-linter's own start-up, which its command does as well
TYPES: dict[str, type[Contract]] = {
    "acyclic_siblings": AcyclicSiblingsContract,
    "forbidden": ForbiddenContract,
    "independence": IndependenceContract,
    "layers": LayersContract,
}
with (ROOT / "pyproject.toml").open("rb") as _file:
    SETTINGS: dict[str, Any] = tomllib.load(_file)["tool"]["importlinter"]
CONTRACTS: list[dict[str, Any]] = SETTINGS["contracts"]


@cache
def real_graph() -> grimp.ImportGraph:
    """Who imports whom, in this checkout; never changed, only copied."""
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def is_kept(name: str, graph: grimp.ImportGraph) -> bool:
    """Whether the contract of that name holds over a copy of the graph."""
    options = next(dict(contract) for contract in CONTRACTS if contract["name"] == name)
    session = {"root_packages": SETTINGS["root_packages"], "include_external_packages": "True"}
    contract = TYPES[options["type"]](name=name, session_options=session, contract_options=options)
    return contract.check(copy.deepcopy(graph), verbose=False).kept


@pytest.mark.parametrize("name", [contract["name"] for contract in CONTRACTS])
def test_contract_is_kept(name: str) -> None:
    """What the contract's name says holds in every module."""
    assert is_kept(name, real_graph())


def test_packages_are_the_roots() -> None:
    """The contracts look at all four packages, and at what they import from outside."""
    assert SETTINGS["root_packages"] == list(PACKAGES)
    assert SETTINGS["include_external_packages"] is True


PURE = "chain is pure: no clock, no chance, no files, no sockets, no threads, no logs"
HOUSE = "The house: cli over economy over node over chain"
# Contract, importer, imported: an import that somebody could write by mistake. Where the importer is a
# package, its first module by name does it, so that the file's own name does not matter.
MUTATIONS = [
    (HOUSE, "chain.codec", "node.config"),
    (HOUSE, "node.sim", "cli.output"),
    (HOUSE, "node.sim", "economy.market.rates"),
    (HOUSE, "economy.market.rates", "cli.output"),
    ("Data flows upward through chain", "chain.primitives", "chain.block"),
    ("Data flows upward through chain", "chain.execution", "chain.mempool"),
    ("Data flows upward through chain", "chain.light_client", "chain.ledger"),
    ("Data flows upward through chain", "chain.state", "chain.replica"),
    ("Data flows upward through chain", "chain.storage", "chain.accounts"),
    (PURE, "chain.mempool", "time"),
    (PURE, "chain.codec", "io"),
    (PURE, "chain.execution", "os"),
    ("Consensus knows nothing of money", "chain.consensus.machine", "chain.execution.executor"),
    ("Consensus knows nothing of money", "chain.consensus.machine", "chain.mempool"),
    ("Consensus knows nothing of money", "chain.consensus.ports", "chain.state.view"),
    ("The trusted core stays small", "chain.consensus.safety", "chain.consensus.pacemaker"),
    ("The trusted core stays small", "chain.consensus.safety", "chain.messages"),
    ("One door to each foreign library", "chain.transaction", "msgpack"),
    ("One door to each foreign library", "node.sim", "nacl"),
    ("One door to each foreign library", "chain.validators", "ecdsa"),
    ("Two drivers, one machine", "node.runtime", "node.sim.world"),
    ("Two drivers, one machine", "node.sim", "node.runtime"),
    ("Two drivers, one machine", "node.storage", "node.runtime"),
    ("The client's rooms stand on each other", "node.client.wallets", "node.client.payments.pay"),
    ("The client's rooms stand on each other", "node.client.sending", "node.client.wallets.wallet"),
    ("The client's rooms stand on each other", "node.client.payments", "node.client.operations.treasury"),
    ("The simulator lives in virtual time", "node.sim", "asyncio"),
    ("The simulator lives in virtual time", "node.sim.world", "time"),
    ("Chance comes from one place", "node.sim.world", "random"),
    ("Chance comes from one place", "cli.main", "random"),
    ("Wire, API and views do no I/O", "node.wire", "asyncio"),
    ("Wire, API and views do no I/O", "node.api", "sqlite3"),
    ("Wire, API and views do no I/O", "node.view", "socket"),
    ("The economy's rooms stand on each other", "economy.market", "economy.corridors.prices"),
    ("The economy's rooms stand on each other", "economy.countries", "economy.basket"),
    ("Commands are independent", "cli.commands.pay", "cli.commands.keys"),
    ("No cycles anywhere", "chain.primitives", "chain.limits"),
]


def planted(importer: str, imported: str) -> grimp.ImportGraph | None:
    """A copy of the graph with that import in it; None while one end of it does not exist."""
    graph = copy.deepcopy(real_graph())
    outside = imported.partition(".")[0] not in PACKAGES
    if importer not in graph.modules or not (outside or imported in graph.modules):
        return None
    importer = min(graph.find_descendants(importer), default=importer)
    if imported not in graph.modules:
        graph.add_module(imported, is_squashed=True)
    graph.add_import(importer=importer, imported=imported, line_number=1, line_contents=f"import {imported}")
    return graph


@pytest.mark.parametrize(("name", "importer", "imported"), MUTATIONS)
def test_contract_notices_a_planted_import(name: str, importer: str, imported: str) -> None:
    """One import in the wrong direction breaks the contract that forbids it."""
    graph = planted(importer, imported)
    if graph is None:
        pytest.skip(f"{importer} or {imported} is not built yet")
    assert not is_kept(name, graph)


def test_every_contract_has_a_planted_import() -> None:
    """No contract joins the list without a proof that it can fail, and the proofs are not all left out."""
    assert sum(planted(importer, imported) is not None for _, importer, imported in MUTATIONS) >= 15
    assert {name for name, _, _ in MUTATIONS} == {contract["name"] for contract in CONTRACTS}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_room_of_a_package_is_without_a_layer(package: str) -> None:
    """Every module of `chain` and room of `node` and `economy` stands in a layer; `cli` has no layers."""
    listed = {
        name.strip(" ()")
        for contract in CONTRACTS
        if contract.get("containers") == [package]
        for layer in contract["layers"]
        for name in layer.replace("|", ":").split(":")
    }
    rooms = {child.removeprefix(package + ".") for child in real_graph().find_children(package)}
    if package != "cli":
        assert rooms <= listed
    else:
        assert listed == set()
