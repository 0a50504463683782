"""Domains of wallet providers, given and taken away by the treasury (reference 1.11; docs/protocol.md, W15 to W17).

Beyond Libra a name is checked against its alphabet, and no two providers have the same one, however it is spelled.
"""

import re
from typing import cast

from chain.execution.context import Run
from chain.execution.outcome import Abort, Category
from chain.limits import MAX_DOMAIN_BYTES, MAX_DOMAINS
from chain.records.roles import Domain, Domains, domain_key, domains_key

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.]*", re.ASCII)


def create_vasp_domains(run: Run) -> None:
    """Give a provider that lacks it an empty list of domains."""
    key = domains_key(run.sender)
    if run.state.get(key) is not None:
        raise Abort(
            "VASPDomain",
            Category.ALREADY_PUBLISHED,
            "EVASP_DOMAINS",
            "it has a list of domains already",
        )
    run.state.put(key, Domains(run.sender, ()))


def add_vasp_domain(run: Run, address: bytes, domain: bytes) -> None:
    """Give a provider a domain that nobody has."""
    domains = _domains(run, address)
    name = _checked(domain)
    taken = _domain(run, name)
    if taken is not None and taken.owner:
        raise Abort(
            "VASPDomain", Category.INVALID_ARGUMENT, "EVASP_DOMAIN_ALREADY_EXISTS",
            f"{taken.name} is a domain of {taken.owner.hex()} already", domain=taken.name, owner=taken.owner.hex(),
        )  # fmt: skip
    if len(domains.names) >= MAX_DOMAINS:
        raise Abort(
            "VASPDomain", Category.LIMIT_EXCEEDED, "EVASP_DOMAINS_FULL",
            f"a wallet provider has at most {MAX_DOMAINS} domains", limit=MAX_DOMAINS,
        )  # fmt: skip
    _write(run, Domain(name, address), domains._replace(names=(*domains.names, name)), removed=False)


def remove_vasp_domain(run: Run, address: bytes, domain: bytes) -> None:
    """Take a domain away from a provider; the event names it as it was spelled when it was given."""
    domains = _domains(run, address)
    name = _checked(domain)
    found = _domain(run, name)
    if found is None or found.owner != address:
        raise Abort(
            "VASPDomain", Category.INVALID_ARGUMENT, "EVASP_DOMAIN_NOT_FOUND",
            f"{name} is no domain of {address.hex()}", domain=name,
        )  # fmt: skip
    names = tuple(other for other in domains.names if other != found.name)
    _write(run, found._replace(owner=b""), domains._replace(names=names), removed=True)


def _write(run: Run, domain: Domain, domains: Domains, *, removed: bool) -> None:
    """Both records, and the event on the treasury's stream."""
    run.state.put(domain_key(domain.name), domain)
    run.state.put(domains_key(domains.address), domains)
    run.state.put_account(run.emit_from(run.own_account(), "vaspdomain", (removed, domain.name, domains.address)))


def _domains(run: Run, address: bytes) -> Domains:
    """A provider's list."""
    found = cast("Domains | None", run.state.get(domains_key(address)))
    if found is None:
        raise Abort(
            "VASPDomain", Category.NOT_PUBLISHED, "EVASP_DOMAINS_NOT_PUBLISHED",
            f"{address.hex()} is no wallet provider with a list of domains", address=address.hex(),
        )  # fmt: skip
    return found


def _domain(run: Run, name: str) -> Domain | None:
    """Whose a domain is or was."""
    return cast("Domain | None", run.state.get(domain_key(name)))


def _checked(domain: bytes) -> str:
    """The name that the bytes spell."""
    name = domain.decode("ascii", "replace")
    if len(domain) > MAX_DOMAIN_BYTES or not _NAME.fullmatch(name):
        raise Abort(
            "VASPDomain", Category.INVALID_ARGUMENT, "EINVALID_VASP_DOMAIN",
            f"a domain has 1 to {MAX_DOMAIN_BYTES} ASCII letters, digits and dots, the first one no dot,"
            f" got {domain[:80]!r} of {len(domain)} bytes", size=len(domain),
        )  # fmt: skip
    return name
