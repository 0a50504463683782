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


class ParameterError(MithqalError):
    """A parameter that makes no sense: `name` says which rule it breaks."""

    name = "bad_parameter"


class DateError(MithqalError):
    """A day or a period that the data do not cover."""

    name = "date_outside_data"


class DarkError(RateError):
    """A currency has no rate in the period: not yet quoted, no longer quoted, or dark in between."""

    name = "currency_dark"


class PlotsMissingError(MithqalError):
    """A picture was asked for, and the package that draws it is not installed."""

    name = "plots_missing"


class GateError(MithqalError):
    """A figure of ours is not the published one."""

    name = "gate_failed"


class ScenarioError(MithqalError):
    """A scenario file that cannot be used."""

    name = "bad_scenario"
