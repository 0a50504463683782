"""What a command writes beside its result: `--html`, `--csv` and `--plot` files, each whole or not at all."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from chain.errors import MithqalError
from node.client.files import write_durably


def write_text(path: Path, text: str) -> None:
    """Replace a file; MithqalError `cannot_write`, and then an old one stays as it was."""
    try:
        write_durably(path, text)
    except OSError as error:
        raise MithqalError(
            f"{path} cannot be written: {error.strerror}", name="cannot_write", file=str(path)
        ) from error


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as CSV: one header line, lines that end in a newline."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()
