"""A validator's `node.json`: complete, typed, loopback only, no unknown key."""

import json
from pathlib import Path
from typing import Any

import pytest

from node.config import ConfigError, load_config, parse_config

GOOD: dict[str, Any] = {
    "index": 1, "endpoints": [["127.0.0.1", 1], ["127.0.0.1", 65_535]], "rpc": ["::1", 80], "genesis": "../g.bin",
}  # fmt: skip


def test_defaults_and_paths_are_relative_to_the_directory(tmp_path: Path) -> None:
    """Paths of the file are relative to its directory."""
    config = parse_config(tmp_path, GOOD)
    assert (config.index, config.rpc) == (1, ("::1", 80))
    assert config.endpoints == (("127.0.0.1", 1), ("127.0.0.1", 65_535))
    assert (config.genesis, config.data, config.keys) == (tmp_path / "../g.bin", tmp_path / "data", tmp_path / "keys")
    assert (config.log, config.allow_remote) == (tmp_path / "node.log", False)


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    """`to_json` and `parse_config` are inverse."""
    config = parse_config(tmp_path / "v", {**GOOD, "genesis": "g.bin", "genesis_hash": "ab" * 32})
    assert config.genesis_hash == b"\xab" * 32
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "node.json").write_text(json.dumps(config.to_json()))
    assert load_config(tmp_path / "v") == config


@pytest.mark.parametrize(
    ("change", "name", "key"),
    [
        ({"indx": 1}, "unknown_key", "indx"),
        ({"index": 2}, "wrong_type", "index"),
        ({"index": -1}, "wrong_type", "index"),
        ({"index": True}, "wrong_type", "index"),
        ({"endpoints": []}, "wrong_type", "endpoints"),
        ({"endpoints": [["127.0.0.1", 1], ["127.0.0.1", 0]]}, "wrong_type", "endpoints"),
        ({"rpc": ["127.0.0.1", 65_536]}, "wrong_type", "rpc"),
        ({"rpc": "127.0.0.1:80"}, "wrong_type", "rpc"),
        ({"rpc": ["0.0.0.0", 80]}, "not_loopback", "rpc"),
        ({"endpoints": [["127.0.0.1", 1], ["10.0.0.1", 2]]}, "not_loopback", "endpoints"),
        ({"genesis": ""}, "wrong_type", "genesis"),
        ({"data": 5}, "wrong_type", "data"),
        ({"allow_remote": 1}, "wrong_type", "allow_remote"),
        ({"genesis_hash": "00" * 31}, "wrong_type", "genesis_hash"),
        ({"genesis_hash": "zz" * 32}, "wrong_type", "genesis_hash"),
        ({"genesis_hash": 7}, "wrong_type", "genesis_hash"),
        ({"kept_versions": -1}, "wrong_type", "kept_versions"),
        ({"kept_versions": 1 << 64}, "wrong_type", "kept_versions"),
        ({"kept_versions": True}, "wrong_type", "kept_versions"),
        ({"kept_versions": "1"}, "wrong_type", "kept_versions"),
    ],
)
def test_each_mistake_names_its_key(tmp_path: Path, change: dict[str, Any], name: str, key: str) -> None:
    """Unknown keys are errors that name the key; binding beyond loopback needs a flag."""
    with pytest.raises(ConfigError) as caught:
        parse_config(tmp_path, {**GOOD, **change})
    assert (caught.value.name, caught.value.details["key"]) == (name, key)


@pytest.mark.parametrize("key", ["index", "endpoints", "rpc", "genesis"])
def test_required_keys(tmp_path: Path, key: str) -> None:
    """These have no default."""
    with pytest.raises(ConfigError) as caught:
        parse_config(tmp_path, {other: value for other, value in GOOD.items() if other != key})
    assert (caught.value.name, caught.value.details["key"]) == ("missing_key", key)


def test_a_flag_allows_other_addresses(tmp_path: Path) -> None:
    """`allow_remote` lets it listen elsewhere; other validators may always be elsewhere."""
    assert parse_config(tmp_path, {**GOOD, "rpc": ["0.0.0.0", 80], "allow_remote": True}).rpc == ("0.0.0.0", 80)
    assert parse_config(tmp_path, {**GOOD, "endpoints": [["10.0.0.1", 1], ["127.0.0.1", 2]]}).index == 1


@pytest.mark.parametrize(("text", "name"), [(None, "config_missing"), ("{", "config_unreadable"), ("[]", "wrong_type")])
def test_a_file_that_is_no_configuration(tmp_path: Path, text: str | None, name: str) -> None:
    """One clear error each."""
    if text is not None:
        (tmp_path / "node.json").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert caught.value.name == name


def test_how_many_versions_are_kept(tmp_path: Path) -> None:
    """States of the last million versions unless it says otherwise; 0 keeps those in memory only."""
    assert parse_config(tmp_path, GOOD).kept_versions == 1_000_000
    for kept in (0, 1, (1 << 64) - 1):
        config = parse_config(tmp_path, {**GOOD, "kept_versions": kept})
        assert config.kept_versions == kept
        assert parse_config(tmp_path, config.to_json()) == config
