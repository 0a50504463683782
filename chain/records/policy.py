"""The jurisdiction policy: which payments between countries are open, up to which amounts, and what was used of them.

Beyond Libra. One policy holds for every coin: its amounts are micro-units of a local currency, and a payment counts at
the rates that the chain has at that moment (docs/protocol.md, Y1 to Y9).
"""

import re
from typing import NamedTuple

from chain.civil import day_of, day_start_us, month_of, month_start_us
from chain.codec import decode, encode, fields
from chain.errors import DecodeError

POLICY_KEY = b"j"
"""State key of the one policy."""
MAX_RULES = 64
ANY = ""
"""A rule's country that stands for every country, and for providers without one."""

_RULE_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,31}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_CODE = re.compile(r"[A-Z][A-Z0-9]{0,15}", re.ASCII)


class Rule(NamedTuple):
    """What holds for payments from one country to another while it is in force. A cap of 0 is none."""

    rule_id: str
    sender_country: str
    receiver_country: str
    from_us: int
    """It is in force from this ledger time on ..."""
    until_us: int
    """... and no longer from this one on; 0: without end."""
    is_open: bool
    """False: no payment passes."""
    currency: str
    """The local currency of the caps; empty where the corridor is halted."""
    per_payment: int
    daily: int
    """Most that an account sends in a day of UTC."""
    monthly: int
    """Most that an account sends in a month of UTC."""
    daily_count: int
    """Most payments of an account in a day of UTC."""

    def applies(self, sender_country: str, receiver_country: str, now_us: int) -> bool:
        """Whether a payment between these countries falls under it now."""
        return (
            self.sender_country in (ANY, sender_country)
            and self.receiver_country in (ANY, receiver_country)
            and self.from_us <= now_us
            and (self.until_us == 0 or now_us < self.until_us)
        )

    def check(self) -> None:
        """DecodeError (`bad_rule`) unless it is a rule that can be kept."""
        what = None
        if not _RULE_ID.fullmatch(self.rule_id):
            what = "its id is 1 to 32 of a-z, 0-9, '.' and '-', a letter or digit first"
        elif not all(country == ANY or is_country(country) for country in self[1:3]):
            what = "a country is two capitals (ISO 3166-1), or empty for any"
        elif self.until_us and self.until_us <= self.from_us:
            what = f"it ends at {self.until_us} us, before it begins at {self.from_us} us"
        elif self.is_open and not _CODE.fullmatch(self.currency):
            what = "an open rule names the local currency that it counts in"
        elif not self.is_open and (self.currency or any(self[7:])):
            what = "a halted corridor has no currency and no caps"
        if what is not None:
            raise DecodeError(f"rule {self.rule_id[:32]!r}: {what}", name="bad_rule", rule=self.rule_id[:32])


class Policy(NamedTuple):
    """The rules in force and to come. Every rule that applies to a payment must let it pass, in this order."""

    version: int
    """Rises with each change; 0 is the policy without rules that a network begins with."""
    name: str
    rules: tuple[Rule, ...]

    def check(self) -> None:
        """DecodeError (`bad_policy`, `bad_rule`) unless it can be kept."""
        if len(self.rules) > MAX_RULES:
            raise DecodeError(f"{len(self.rules)} rules, at most {MAX_RULES}", name="bad_policy")
        if len(self.name.encode()) > 64:
            raise DecodeError("a policy's name has at most 64 bytes", name="bad_policy")
        if len({rule.rule_id for rule in self.rules}) != len(self.rules):
            raise DecodeError("two rules have the same id", name="bad_policy")
        for rule in self.rules:
            rule.check()

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode((self.version, self.name, tuple(map(tuple, self.rules))))

    @staticmethod
    def from_bytes(data: bytes) -> "Policy":
        """Read what `to_bytes` wrote; DecodeError otherwise. Call `check` before it is kept."""
        version, name, rows = fields(decode(data), "policy", int, str, tuple)
        kinds = (str, str, str, int, int, bool, str, int, int, int, int)
        return Policy(version, name, tuple([Rule(*fields(row, "rule", *kinds)) for row in rows]))


class Usage(NamedTuple):
    """What one account has sent under one rule, in micro-units of the rule's currency."""

    address: bytes
    rule_id: str
    currency: str
    day: int
    """Number of the day (`chain.civil.day_of`) that the next two count."""
    day_amount: int
    day_count: int
    month: int
    month_amount: int

    def at(self, now_us: int) -> "Usage":
        """The same, counting from 0 where another day or month has begun."""
        day, month = day_of(now_us), month_of(now_us)
        now = self if day == self.day else self._replace(day=day, day_amount=0, day_count=0)
        return now if month == self.month else now._replace(month=month, month_amount=0)

    @property
    def day_ends_us(self) -> int:
        """When the counters of the day begin again."""
        return day_start_us(self.day + 1)

    @property
    def month_ends_us(self) -> int:
        """When the counter of the month begins again."""
        return month_start_us(self.month + 1)

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode(tuple(self))

    @staticmethod
    def from_bytes(data: bytes) -> "Usage":
        """Read what `to_bytes` wrote."""
        return Usage(*fields(decode(data), "policy usage", bytes, str, str, int, int, int, int, int))


NO_POLICY = Policy(0, "", ())


def unused(address: bytes, rule: Rule) -> Usage:
    """What an account has sent under a rule of which it has used nothing."""
    return Usage(address, rule.rule_id, rule.currency, 0, 0, 0, 0, 0)


def usage_key(address: bytes, rule: Rule) -> bytes:
    """State key of an account's counters under a rule. They outlive the policy's version: raising it resets no cap."""
    return b"u" + address + f"{rule.currency}/{rule.rule_id}".encode()


def is_country(text: str) -> bool:
    """Whether it has the shape of an ISO 3166-1 alpha-2 code."""
    return _COUNTRY.fullmatch(text) is not None


def local_amount(amount: int, coin_rate: int, local_rate: int) -> int:
    """What coins are worth in the local currency: amount x coin's rate / local rate, rounded up.

    Up is in the sender's disfavour; the product is exact, so that rounding happens once. `local_rate` is not 0.
    """
    return -(-amount * coin_rate // local_rate)
