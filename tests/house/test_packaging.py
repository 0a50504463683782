"""The wheel holds exactly the listed packages, and works away from the checkout."""

import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.house.rules import PACKAGES, ROOT, tracked_files

with (ROOT / "pyproject.toml").open("rb") as _file:
    PYPROJECT: dict[str, Any] = tomllib.load(_file)


def top_levels(wheel: Path) -> set[str]:
    """The names that the wheel puts at the top of an environment, its own metadata aside."""
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    return {top for top in tops if not top.endswith(".dist-info")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built offline by the build tool of this environment."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_ships_the_listed_packages_and_nothing_else(wheel: Path) -> None:
    """`chain`, `node`, `economy` and `cli` are generic names: not one more is taken by accident."""
    assert PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(PACKAGES)
    assert top_levels(wheel) == set(PACKAGES)


def test_a_stray_package_in_a_wheel_is_noticed(tmp_path: Path) -> None:
    """The check above can fail: a wheel that also ships `tests` is told apart."""
    planted = tmp_path / "planted.whl"
    with zipfile.ZipFile(planted, "w") as archive:
        for name in (*PACKAGES, "tests"):
            archive.writestr(f"{name}/__init__.py", "")
        archive.writestr("mithqal-0.dist-info/METADATA", "")
    assert top_levels(planted) == {*PACKAGES, "tests"}


def test_wheel_holds_every_tracked_file_of_the_packages(wheel: Path) -> None:
    """Code, `py.typed` and the data that the product reads travel together."""
    tracked = {path.relative_to(ROOT).as_posix() for path in tracked_files()}
    wanted = {path for path in tracked if path.partition("/")[0] in PACKAGES}
    assert {f"{package}/py.typed" for package in PACKAGES} <= wanted
    with zipfile.ZipFile(wheel) as archive:
        assert wanted <= set(archive.namelist())
        (entry,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "mithqal = cli.start:main" in archive.read(entry).decode()
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())


def test_command_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    """Unpacked into an empty folder and called from `/`, `mithqal --version` answers with the version."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    # -S leaves out the checkout's own editable install; the packages it depends on are put back by hand.
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        f"sys.path.append({sysconfig.get_path('purelib')!r})\n"
        f"import cli.start; assert cli.start.__file__.startswith({str(tmp_path)!r}), cli.start.__file__\n"
        "sys.argv = ['mithqal', '--version']; cli.start.main()\n"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert PYPROJECT["project"]["version"] in done.stdout
