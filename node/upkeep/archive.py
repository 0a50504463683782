"""A backup's one file: a tar archive whose first member, `manifest.json`, names every other with its size and SHA-256.

Anybody can look into it with `tar`. Nothing of it is believed when it is read: only the names that a backup may have,
no links, no paths, each member whole and once.
"""

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from chain.errors import MithqalError

MANIFEST = "manifest.json"
FORMAT_NAME = "mithqal-node-backup"
FORMAT = 1
MAX_MANIFEST_BYTES = 1 << 20
PIECE_BYTES = 1 << 20
_NAME = re.compile(r"genesis\.bin|node\.json|ledger\.sqlite|keys/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.json")

Json = dict[str, Any]


class BackupError(MithqalError):
    """A backup that cannot be made or used; `name` is the rule."""

    name = "bad_backup"


def write_archive(target: IO[bytes], manifest: Json, members: Mapping[str, Path]) -> Json:
    """Write the files under their names, with a manifest that has their sizes and hashes; gives it."""
    files = [{"name": name, "size": path.stat().st_size, "sha256": _digest(path)} for name, path in members.items()]
    whole = {"format": FORMAT_NAME, "format_version": FORMAT, **manifest, "files": files}
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        text = json.dumps(whole, indent=1).encode() + b"\n"
        archive.addfile(_entry(MANIFEST, len(text)), io.BytesIO(text))
        for row in files:
            with members[str(row["name"])].open("rb") as source:
                archive.addfile(_entry(str(row["name"]), int(str(row["size"]))), source)
    return whole


def read_archive(source: Path, directory: Path) -> Json:
    """Put an archive's files into an empty directory; gives the manifest that they were held against.

    BackupError `bad_backup` (no backup, cut short, changed) and `backup_format` (another program's).
    """
    try:
        with source.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as archive:
            manifest = _manifest(source, archive)
            expected = {row["name"]: row for row in manifest["files"]}
            for entry in archive:
                if entry.name == MANIFEST and entry.offset == 0:
                    continue
                row = expected.pop(entry.name, None)
                if row is None or not entry.isreg() or entry.size != row["size"]:
                    raise _bad(source, f"its member {entry.name[:100]!r} is not one that its manifest names")
                _extract(source, archive, entry, row, directory)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise _bad(source, str(error) or "it is no archive") from error
    except OSError as error:
        raise BackupError(f"{source}: {error}", name="file_unreadable") from error
    if expected:
        raise _bad(source, f"{', '.join(sorted(expected))} is missing")
    return manifest


def _manifest(source: Path, archive: tarfile.TarFile) -> Json:
    """The first member, checked for its form."""
    first = archive.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > MAX_MANIFEST_BYTES:
        raise _bad(source, f"it does not begin with {MANIFEST}")
    stream = archive.extractfile(first)
    assert stream is not None, "a regular file"
    manifest = json.loads(stream.read())
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT_NAME:
        raise _bad(source, f"its {MANIFEST} is none of a node's backup")
    if manifest.get("format_version") != FORMAT:
        raise BackupError(
            f"{source} has format {manifest.get('format_version')}, this program reads format {FORMAT}",
            name="backup_format",
        )
    files = manifest.get("files")
    if not isinstance(files, list) or not all(map(_is_file_row, files)):
        raise _bad(source, f"its {MANIFEST} lists no files")
    names = [row["name"] for row in files]
    if len(set(names)) != len(names) or not {"ledger.sqlite", "genesis.bin"} <= set(names):
        raise _bad(source, f"its {MANIFEST} lists the wrong files")
    return manifest


def _is_file_row(row: object) -> bool:
    """Whether a row names a file that a backup may have."""
    return (
        isinstance(row, dict)
        and isinstance(row.get("name"), str)
        and _NAME.fullmatch(row["name"]) is not None
        and type(row.get("size")) is int
        and isinstance(row.get("sha256"), str)
    )


def _extract(source: Path, archive: tarfile.TarFile, entry: tarfile.TarInfo, row: Json, directory: Path) -> None:
    """Write one member, 0600, synced; BackupError if its bytes are others."""
    stream = archive.extractfile(entry)
    assert stream is not None, "a regular file"
    path, digest, left = directory / entry.name, hashlib.sha256(), entry.size
    path.parent.mkdir(exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as target:
        while piece := stream.read(PIECE_BYTES):
            digest.update(piece)
            left -= len(piece)
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    if left or digest.hexdigest() != row["sha256"]:
        raise _bad(source, f"its member {entry.name} is not what its manifest says")


def sync_directories(directories: Iterable[Path]) -> None:
    """Make the names in directories durable."""
    for directory in directories:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    """A member that says nothing of who made it and when."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def _digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bad(source: Path, why: str) -> BackupError:
    """A file that is no whole backup."""
    return BackupError(f"{source} is no whole backup of a node: {why}")
