"""What validators wrote: the last lines of each, in order of time, and only those that contain a text."""

from pathlib import Path

from node.client.network import Member
from node.localnet.logs import LogLine, read_logs


def member(tmp_path: Path, name: str, node_log: str | None, output_log: str = "") -> Member:
    """A validator with two logs."""
    directory = tmp_path / name
    directory.mkdir()
    if node_log is not None:
        (directory / "node.log").write_text(node_log)
        (directory / "output.log").write_text(output_log)
    return Member(name, None, ("127.0.0.1", 1), ("127.0.0.1", 2), directory)


def line(time_us: int, name: str) -> str:
    """A line of node.log."""
    return f'{{"time_us": {time_us}, "name": "{name}"}}'


def test_lines_of_all_in_order_of_time(tmp_path: Path) -> None:
    """What has no time, such as a traceback, comes first; no file at all is no line."""
    one = member(tmp_path, "a", f"{line(3, 'x')}\n{line(7, 'y')}\n", "Traceback\n\n")
    two = member(tmp_path, "b", f"{line(5, 'z')}\nno JSON\n[1]\n")
    three = member(tmp_path, "c", None)
    assert read_logs([one, two, three], lines=9) == [
        LogLine("a", "output.log", None, "Traceback"),
        LogLine("b", "node.log", None, "no JSON"),
        LogLine("b", "node.log", None, "[1]"),
        LogLine("a", "node.log", 3, line(3, "x")),
        LogLine("b", "node.log", 5, line(5, "z")),
        LogLine("a", "node.log", 7, line(7, "y")),
    ]


def test_the_last_lines_of_each_that_contain_the_text(tmp_path: Path) -> None:
    """`--lines N` counts after `--grep`, for each validator on its own."""
    one = member(tmp_path, "a", "\n".join(line(place, "odd" if place % 2 else "even") for place in range(10)))
    two = member(tmp_path, "b", line(1, "odd"))
    assert [item.time_us for item in read_logs([one, two], lines=2, grep='"odd"')] == [1, 7, 9]
    assert [item.time_us for item in read_logs([one, two], lines=3)] == [1, 7, 8, 9]
    assert read_logs([one], lines=5, grep="ODD") == []
