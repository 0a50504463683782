"""Expected failures of `economy`: a figure that does not exist, or a data file that cannot be trusted."""

from chain.errors import MithqalError


class RateError(MithqalError):
    """No exchange rate can be given: `name` says why."""

    name = "rate_not_available"


class DataFileError(MithqalError):
    """A data file that is missing, damaged or not in the documented format."""

    name = "data_file_invalid"


class UnknownNameError(MithqalError):
    """A country, coin or currency code that the tables do not have."""

    name = "unknown_country"


class PolicyFileError(MithqalError):
    """A policy file that cannot be used."""

    name = "bad_policy_file"


class ScenarioError(MithqalError):
    """A scenario file that cannot be used."""

    name = "bad_scenario"
