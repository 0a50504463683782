"""One validator's directory, from a genesis and its two keys, for `mithqal node run`."""

import io
import json
import re
import shutil
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr
from ipaddress import ip_address
from pathlib import Path

from chain.errors import MithqalError
from chain.genesis import GenesisDocument, genesis_hash
from node.client.network import GENESIS_FILE
from node.config import CONFIG_FILE, ConfigError, Endpoint, NodeConfig, load_config, parse_config
from node.keystore import forget_unused, is_unused, load_key, mark_unused
from node.localnet.genesis import CONSENSUS_KEY, load_genesis
from node.runtime.process import listen, open_identity, run_node

KEY_FILES = ("consensus.json", "network.json")


def init_node(
    directory: Path,
    genesis: Path,
    keys: Path,
    *,
    endpoints: Sequence[Endpoint],
    rpc: Endpoint,
    allow_remote: bool = False,
) -> NodeConfig:
    """Write `node.json`, the genesis and the keys into `directory`; which validator it is follows from the keys.

    `endpoints` is where each validator of the genesis listens for the others, in its order; `keys` holds
    `consensus.json` and `network.json`, and may be the directory's own `keys`. That the key has never signed is said in
    one place only from then on: here. Nothing is overwritten: ConfigError
    `node_exists`, `foreign_keys`, `wrong_endpoints`, `not_loopback`, `wrong_type`; GenesisError; KeyFileError.
    """
    if (directory / CONFIG_FILE).exists():
        raise ConfigError(f"there is a validator in {directory} already", name="node_exists")
    document = load_genesis(genesis)
    index = find_validator(document, keys)
    if len(endpoints) != len(document.validators):
        raise ConfigError(
            f"{len(endpoints)} endpoints given, the genesis has {len(document.validators)} validators",
            name="wrong_endpoints",
        )
    config = NodeConfig(
        directory=directory, index=index, endpoints=tuple(endpoints), rpc=rpc, genesis=directory / GENESIS_FILE,
        data=directory / "data", keys=directory / "keys", log=directory / "node.log", allow_remote=allow_remote,
        genesis_hash=genesis_hash(document),
    )  # fmt: skip
    checked = parse_config(directory, json.loads(json.dumps(config.to_json())))
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if keys.resolve() != config.keys.resolve():
        config.keys.mkdir(exist_ok=True, mode=0o700)
        for name in KEY_FILES:
            if not (config.keys / name).exists():
                shutil.copy2(keys / name, config.keys / name)
        find_validator(document, config.keys)
        if is_unused(keys / CONSENSUS_KEY):
            mark_unused(config.keys / CONSENSUS_KEY, load_key(keys / CONSENSUS_KEY).public_key)
            forget_unused(keys / CONSENSUS_KEY)
    if genesis.resolve() != config.genesis.resolve():
        config.genesis.write_bytes(document.to_bytes())
    (directory / CONFIG_FILE).write_text(json.dumps(config.to_json(), indent=1), encoding="utf-8")
    return checked


def find_validator(document: GenesisDocument, keys: Path) -> int:
    """The number of the validator whose two keys lie in `keys`; ConfigError (`foreign_keys`), KeyFileError."""
    consensus, network = (load_key(keys / name).public_key for name in KEY_FILES)
    for index, member in enumerate(document.validators):
        if member.consensus_key == consensus and member.network_key == network:
            return index
    raise ConfigError(
        f"the keys in {keys} (consensus {consensus.hex()[:16]}, network {network.hex()[:16]}) are those of none of the"
        f" {len(document.validators)} validators of the genesis",
        name="foreign_keys",
    )


def check_node(directory: Path, *, allow_remote: bool = False) -> NodeConfig:
    """The configuration of a validator that can start here: its keys fit its genesis, its ports are free.

    Listening beyond loopback takes `allow_remote` here as well as in `node.json`. Raises ConfigError, GenesisError,
    KeyFileError.
    """
    config = load_config(directory)
    for host, _ in (config.rpc, config.listen_at):
        if host != "localhost" and not ip_address(host).is_loopback and not allow_remote:
            raise ConfigError(
                f"it would listen on {host}, which is not loopback: say --allow-remote if that is meant",
                name="not_loopback", host=host,
            )  # fmt: skip
    open_identity(config)
    for endpoint in (config.rpc, config.listen_at):
        listen(endpoint).close()
    return config


def run_here(directory: Path, *, replay: bool = False, trace_messages: bool = False) -> None:
    """Run the validator of a directory until a signal stops it; MithqalError names why it could not go on.

    With `replay` it catches up by every block from genesis on, with `trace_messages` it notes what it says and hears.
    """
    said = io.StringIO()
    with redirect_stderr(said):
        code = run_node(directory, replay=replay, trace_messages=trace_messages)
    if code == 0:
        return
    reason = _GAVE_UP.search(said.getvalue())
    if reason is not None:
        raise MithqalError(reason["message"], name=reason["name"])
    sys.stderr.write(said.getvalue())
    raise MithqalError(f"the validator ended with {code}", name="validator_failed")


_GAVE_UP = re.compile(r"^mithqal node: (?P<name>[a-z_]+): (?P<message>.*)$", re.MULTILINE)
"""How a validator that gives up says why."""
