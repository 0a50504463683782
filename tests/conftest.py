"""What every test shares: the Hypothesis profiles, and seeds that are always printed.

Profiles: `dev` (the default), `ci` (chosen when CI is set: more examples, derandomized, so that a green run
stays green), `deep` (HYPOTHESIS_PROFILE=deep: long sweeps). None has a deadline: no test asserts time.
"""

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

_SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("dev", max_examples=50, deadline=None, print_blob=True, suppress_health_check=_SLOW_IS_FINE)
settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    print_blob=True,
    derandomize=True,
    database=None,
    suppress_health_check=_SLOW_IS_FINE,
)
settings.register_profile(
    "deep", max_examples=5_000, deadline=None, print_blob=True, suppress_health_check=_SLOW_IS_FINE
)


def pytest_configure(config: pytest.Config) -> None:
    """Load the Hypothesis profile, unless `--hypothesis-profile` names one."""
    if not config.getoption("--hypothesis-profile", default=None):
        default = "ci" if os.environ.get("CI") else "dev"
        settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", default))


def pytest_report_header(config: pytest.Config) -> str:
    """Name the profile at the head of each run; pytest-randomly prints its seed beside it."""
    return f"hypothesis settings: {settings.get_current_profile_name()}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Print beside each failure the seed of the order and of the chance in it, and how to run it again."""
    report = yield
    seed = item.config.getoption("randomly_seed", default=None)
    if report.failed and seed is not None:
        report.sections.append(("seed", f"scripts/test '{item.nodeid}' --randomly-seed={seed}"))
    return report
