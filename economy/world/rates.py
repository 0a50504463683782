"""Exchange rates of the world's days: the ECB's fixing of each day that has one, from the package that ships them.

A day with a fixing is a business day here: on it the treasury publishes rates, mints and burns. Nothing looks ahead: a
rate is published in the evening of its own day.
"""

import datetime
import hashlib
from dataclasses import dataclass
from types import MappingProxyType

from economy.basket import COIN_CURRENCY, RateQuote, exact_quote, xdx_value
from economy.errors import RateError
from economy.market.rates import DayRates, archive_rows, find_day, package_archive, parse_date

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RateTable:
    """All fixings of the package, read once; each is parsed when it is asked for."""

    header: list[str]
    rows: dict[str, list[str]]
    """Cells by ISO date."""
    newest: datetime.date
    package_version: str
    data_sha256: str

    def is_business_day(self, date: datetime.date) -> bool:
        """Whether the ECB set rates on it."""
        return date.isoformat() in self.rows

    def before(self, date: datetime.date) -> datetime.date:
        """The last day before a date that has a fixing."""
        found = date - DAY
        while not self.is_business_day(found):
            found -= DAY
        return found

    def day(self, date: datetime.date) -> DayRates:
        """The fixing of a business day."""
        found, per_euro = find_day([self.header, self.rows[date.isoformat()]], date)
        return DayRates(found, MappingProxyType(per_euro), self.package_version, self.data_sha256)

    def quotes(self, date: datetime.date, local: tuple[str, ...]) -> list[RateQuote]:
        """Rates to XDX of the five coins and of some currencies without one, of a business day.

        A currency that is dark on that day is left out: its last rate stays in force.
        """
        day = self.day(date)
        wanted = [*COIN_CURRENCY.items(), *((code, code) for code in local if code in day.per_euro)]
        return [exact_quote(code, 1 / xdx_value(day, currency)) for code, currency in wanted]

    def check_span(self, first: datetime.date, days: int) -> None:
        """RateError `rate_date_out_of_range` unless all days of a span lie within the data."""
        oldest = min(self.rows)
        last = first + DAY * (days - 1)
        if first.isoformat() <= oldest or last > self.newest:
            raise RateError(
                f"{first} and {days} days from there to {last} are not within the rates, which run from {oldest} to"
                f" {self.newest}: choose another start in the scenario, or fewer days",
                name="rate_date_out_of_range", date=str(last), oldest=oldest, newest=str(self.newest),
            )  # fmt: skip


def load_table() -> RateTable:
    """The package's rates; DataFileError if they are missing or damaged."""
    archive, version = package_archive()
    with archive_rows(archive) as lines:
        header = next(lines, [])
        rows = {cells[0]: cells for cells in lines if cells}
    return RateTable(header, rows, parse_date([max(rows, default="")], 0), version, hashlib.sha256(archive).hexdigest())
