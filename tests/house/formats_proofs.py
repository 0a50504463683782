"""The parts of docs/formats.md about JSON-RPC and proofs."""

from chain.accounts import ASSOCIATION, event_key
from chain.codec import encode
from chain.facts import FACTS, EpochsProof, EvidenceProof, Fact, encode_proof, value_of
from node.api.handlers import METHODS, SUBMIT_PARAMETERS, WAIT_PARAMETERS
from node.api.schema import MAX_BATCH, MAX_BODY_BYTES, MAX_PAGE, MEMPOOL_CODES, Parameter
from node.client.proof_file import FORMAT, verify, write_document
from tests.accusations import Liar
from tests.builders import BOB, DEALER, TC, document, key
from tests.chains import Chain


def example(title: str, data: bytes) -> str:
    """A named byte string, 64 hex digits a line."""
    text = data.hex()
    lines = [text[place : place + 64] for place in range(0, len(text), 64)]
    return f"{title} ({len(data)} bytes):\n\n```text\n" + "\n".join(lines) + "\n```\n"


CALLS = """\
## JSON-RPC

POST to `/` or `/v1`, content type `application/json`, at most {body} bytes; a batch has 1 to {batch} calls, a page 1 to
{page} items. Bytes are hex without 0x, numbers of 64 bits are JSON numbers, amounts are micro-units. Every response,
errors too, has `diem_chain_id`, `diem_ledger_version` and `diem_ledger_timestampusec`. Only what is durable is told.

A batch is answered from one snapshot of the ledger: the durable one when its submissions and waits are over. All its
responses name the same version and time, no answer shows anything above them, and a later request to the same validator
never sees an older one. What belongs together goes into one batch.

A parameter with `?` may be left out or null. Parameters are a list in this order, or an object by name.

| method | parameters |
|---|---|
{methods}

Errors have `code`, `message` and `data` with the rule's `name` and its numbers. Codes: -32700 no JSON, -32600 no
request, -32601 unknown method, -32602 invalid parameters (also `version_too_new`, `version_pruned`, `page_too_large`),
-32604 invalid format, -32000 other; of a submission: -32001 refused by validation, -32004 malformed, {codes}, -32012
other refusals of the pool.

`get_account` and `get_account_state_with_proof` answer for the end of the last block up to the version asked for, and
name its version. States are kept as far back as `kept_versions` of the validator's node.json says (KE2); an older one
is `version_pruned` with `oldest`. So is what lies before a validator's snapshot: versions, blocks, and
numbers of transactions and events, and a page that holds one of them. Another validator has them. A hash that is not
found is null.

### Limits, policy, baskets

Ours, where Libra has no method. Times are microseconds since 1970, caps and amounts micro-units, rates 32-bit fixed
point.

| method | result |
|---|---|
{results}

The `role` of a parent VASP has `country` and `limited_currencies` beside Libra's fields.

### Methods with proofs

The fields are Libra's; each hex string holds one canonical value of ours (see "Proofs"). Siblings go from the bottom to
the top; one without any leaf is the placeholder and is left out. Events are (key, number in the stream, type, fields).

`get_state_proof`, from a version that the client knows:

| field | content |
|---|---|
| `ledger_info_with_signatures` | the certificate that commits the tip |
| `epoch_change_proof` | (start, certificates that end epochs after `version`); start: None unless one ended there |
| `ledger_consistency_proof` | (roots of the full subtrees that extend `version` + 1 leaves to all,) |

Start is (anchor, transaction info of version 0, its path to the anchor's root); at version 0 that of genesis. With it
these are the five fields of a ledger proof. Where the tip is that waypoint's own version, the certificate is null:
nothing is certified after it yet.

`get_transactions_with_proofs`; null past the end; after 4 MiB it ends before `limit`: go on from its last version:

| field | content |
|---|---|
| `serialized_transactions` | a list; each (kind, bytes): 0 envelope, 1 genesis document, 2 block metadata |
| `serialized_events` | a list of lists of events; null unless asked for |
| `proofs.ledger_info_to_transaction_infos_proof` | (left siblings, right siblings) |
| `proofs.transaction_infos` | a list of transaction infos |

`get_account_state_with_proof`, against the ledger up to `ledger_version` (the tip without one):

| field | content |
|---|---|
| `version` | last version of the block |
| `blob` | the account's record; null if there is none |
| `proof.ledger_info_to_transaction_info_proof` | (siblings,) |
| `proof.transaction_info` | the transaction info of `version`, which names the state root |
| `proof.transaction_info_to_account_proof` | (leaf (key, value hash) or None, siblings) |

The others, each against the tip unless a `ledger_version` is given; a version is that of the state or event asked for.
The events around a version are objects as in `get_events_with_proofs`, or null:

| method | answer |
|---|---|
| `get_account_transactions_with_proofs` | `serialized_txns_with_proofs`: a list of transaction proofs |
| `get_events_with_proofs` | a list of objects with `event_with_proof`: an event proof |
| `get_event_by_version_with_proof` | `lower_bound_incl` (last up to the version), `upper_bound_excl` (first after it) |
| `get_accumulator_consistency_proof` | `ledger_consistency_proof`, as above; without a known version from no leaves |
| `get_record_with_proof` (ours) | `proof`: a record proof of a state key |
| `get_stream_with_proof` (ours) | `proof`: a stream proof |
| `get_prefix_with_proof` (ours) | `proof`: a prefix proof |
"""

RESULTS = {
    "get_currencies": (
        "beside Libra's fields `in_baskets` (what of the coin lies in reserves) and `backing`: of a synthetic coin,"
        " each coin in its basket: `currency`, `ratio_fixed_point32`, `amount` in the reserve"
    ),
    "get_evidence": (
        "an entry a piece, in the order in which this validator came to know it: `number`, `kind` (`double_proposal`,"
        " `double_vote`, `lock_lie`), `epoch`, `rounds` of the two statements, `validator` (its number), `name`,"
        ' `evidence` (canonical bytes, see "Proofs"); after 4 MiB it ends before `limit`'
    ),
    "get_account_limits": (
        "what binds the account's provider, an entry a currency: `currency`, `provider`, `limit_address`,"
        " `is_unrestricted`, `max_inflow`, `max_outflow`, `max_holding` (2^64-1: none), `period_us`, `window_start_us`,"
        " `window_inflow`, `window_outflow`, `tracked_balance`, `resets_after_us` (it counts anew strictly after it)"
    ),
    "get_dealer_tiers": (
        "an entry a currency with caps: `currency`, `caps`, `minted`, `window_start_us`, `resets_us` (from then on)"
    ),
    "get_policy": (
        "`version` (0: none was set), `name`, `rules`: `id`, `sender_country`, `receiver_country` (empty: any),"
        " `from_us`, `until_us` (0: without end), `is_open`, `currency`, `per_payment`, `daily`, `monthly`,"
        " `daily_count` (0: no cap)"
    ),
    "get_policy_usage": (
        "what the account has used of each open rule: `rule`, `currency`, `day_amount`, `day_count`, `month_amount`,"
        " `day_ends_us`, `month_ends_us`"
    ),
}
"""What the methods say that Libra does not have, or has less of."""

INTRODUCTION = """\
## Proofs

The rules are X1 to X21. The examples are of a chain of one validator whose first block creates a dealer;
waypoint `{waypoint}`, genesis hash
`{genesis}`.
"""

FILES = """\
### Proof files

One line of compact JSON in ASCII (no blanks between tokens, other characters as \\u escapes) that ends in one newline.
Fields, in this order: `format` ("{format}"), `kind`, `claim`, `proof` (lower-case hex). Every byte of the file is
verified. Each claim ends with `ledger`, the certified ledger; before it, by kind:

| kind | claim |
|---|---|
| `transaction` | `version`, `hash`, `status`, `gas_used`, `abort` (of one), `transaction` and `events` as in RPC |
| `range` | `first`, `last`, `transactions`: the same for each |
| `event` | `version`, `place` among the version's events, `event` as JSON-RPC shows it |
| `stream` | `version` and `at` as below, `key`, `count` |
| `account` | `version` where the state was made, `at` the version that has it, `address`, `exists`, `account` or null |
| `record` | `version`, `at`, `key`, `exists`, `record`: its `type` and fields, or null |
| `consistency` | `earlier` and `later`, each `version` and `accumulator_root_hash` |
| `evidence` | `kind`, `epoch`, `rounds`, `validator` (`name`, `number`, `consensus_key`), both `statements` |
| `epochs` | a list: `epoch`, `after_version`, `timestamp_usecs`, `waypoint`, `quorum`, `validators` |

The proof above as a file:

```text
{text}```
"""


def json_rpc() -> list[str]:
    """How to call a validator."""
    methods = {
        "submit": SUBMIT_PARAMETERS,
        "wait_for_transaction": WAIT_PARAMETERS,
        **{name: parameters for name, (_, parameters) in METHODS.items()},
    }
    rows = [f"| `{name}` | {', '.join(map(_parameter, found)) or 'none'} |" for name, found in methods.items()]
    told = [f"| `{name}` | {words} |" for name, words in RESULTS.items()]
    codes = ", ".join(f"{code} `{name}`" for name, code in MEMPOOL_CODES.items())
    page = CALLS.format(
        body=MAX_BODY_BYTES,
        batch=MAX_BATCH,
        page=MAX_PAGE,
        methods="\n".join(rows),
        codes=codes,
        results="\n".join(told),
    )
    return [page]


def _parameter(parameter: Parameter) -> str:
    """name: kind, with a question mark if it may be left out."""
    return f"{parameter.name}{'' if parameter.is_required else '?'}: {parameter.kind}"


def proofs() -> list[str]:
    """The encodings of proofs, over a chain of one validator."""
    chain = Chain((0,), validators=document().validators[:1])
    prefix = DEALER.key.authentication_key()[:16]
    chain.add(chain.sign(TC, "create_designated_dealer", "XUS", 0, DEALER.address, prefix, "us-dealer", False))
    chain.add()
    ledger, tip = chain.proof(), chain.ledger.history.at(chain.ledger.tip_version)
    assert tip is not None
    assert ledger.certificate is not None
    absent, record = chain.account(BOB.address), chain.account(DEALER.address).record
    assert record is not None
    prover, stream = chain.prover, event_key(0, ASSOCIATION)
    text = write_document(verify(ledger, absent, chain.waypoint), ledger, absent)
    entry = "transaction info, kind, bytes, events"
    where = "(version, transaction infos, (left siblings, right siblings))"
    facts: dict[str, Fact] = {
        f"(version, (siblings,), ({entry}))": chain.transaction(2),
        f"({where}, state key, record or None, (leaf or None, siblings))": absent,
        "(version, (siblings,), transaction info, place, (siblings of the event,), event)": prover.event(2, 0),
        f"({where}, event key, ((record or None, (leaf or None, siblings)), ...))": prover.stream(stream, tip),
        f"(first version, (left siblings, right siblings), (({entry}), ...))": prover.entries(0, 2),
        "((leaves, roots) of the earlier frontier, later version, (subtrees between,), (subtrees from there on,))": (
            prover.prefix(0, 1)
        ),
        "(), the ledger proof says it": EpochsProof(),
        "((kind, epoch, author, (body, signature), (body, signature)),): evidence (EV1 to EV5)": (
            EvidenceProof(Liar(key(10), chain.genesis_hash, author=0).lock_lie())
        ),
    }
    assert [type(fact) for fact in facts.values()] == list(FACTS)
    encodings = {
        "Transaction info: (transaction hash, event root, gas used, (status, module, code), state root or None)": (
            ledger.genesis_info.to_bytes()
        ),
        "Anchor: (epoch, root, version, time in microseconds, next validator set)": encode(value_of(ledger.anchor)),
        "Certificate: (vote data, commit info or None, ((author, signature), ...))": (
            encode(ledger.certificate.to_value())
        ),
        "Ledger proof: (anchor, transaction info of version 0, (its siblings,), certificates that end epochs, the"
        " certificate)": encode(value_of(ledger)),
        "Account record: (address, role, authentication key, sequence number, is frozen, ((currency, balance), ...),"
        " number of events by handle, parent's address or empty, number of children, (name, base URL, compliance key,"
        " country, (currency with limits, ...)) or None, ((currency, preburn), ...), state key of what holds its"
        " rotation capability, or empty)": record,
    }
    for number, (title, fact) in enumerate(facts.items()):
        encodings[f"Fact {number}, {type(fact).__name__}: {title}"] = encode(value_of(fact))
    encodings["Proof: (number of the fact, ledger proof, fact)"] = encode_proof(ledger, absent)
    return [
        INTRODUCTION.format(waypoint=chain.waypoint, genesis=chain.genesis_hash.hex()),
        *(example(title, data) for title, data in encodings.items()),
        FILES.format(format=FORMAT, text=text),
    ]
