"""The consensus machine: proposals, votes, time-outs and catching up, as one pure state machine.

Every handler is idempotent. Handlers raise MithqalError for what a peer must not send; `Replica` turns that into an
alarm. The order inside a handler is: cheap checks, signatures, certificates (which may move us to a later round), then
the message itself (docs/protocol.md, R1 to R18).
"""

from chain.block import Block, header_id
from chain.certificates import QuorumCertificate, TimeoutCertificate
from chain.codec import decode, encode
from chain.consensus.block_tree import BlockTree
from chain.consensus.catch_up import answer, check_path, is_idle, ledger_part, missing, run_committed, send
from chain.consensus.drafts import commit_info, draft_header
from chain.consensus.fetcher import TIMER as FETCH_TIMER
from chain.consensus.fetcher import Fetcher
from chain.consensus.held_blocks import CLOCK_TIMER, HeldBlocks
from chain.consensus.leader import LeaderElection
from chain.consensus.memory import check_certificates
from chain.consensus.pacemaker import Pacemaker
from chain.consensus.ports import Application, BlockResult
from chain.consensus.safety import SafetyRules
from chain.consensus.turns import Turns
from chain.consensus.verifier import Verifier
from chain.consensus.vote_collector import VoteCollector
from chain.crypto.signing import Signatures
from chain.errors import BlockError, SafetyError
from chain.interface import ALL_OTHERS, Output, Send
from chain.limits import FUTURE_ROUNDS
from chain.messages import (
    BlockRequest,
    BlockResponse,
    CommittedRequest,
    CommittedResponse,
    Message,
    Proposal,
    SyncInfo,
    Timeout,
    Vote,
    encode_message,
)
from chain.records.onchain import CONSENSUS_AT_GENESIS, ConsensusConfig
from chain.storage import VOTED_ROW, Column
from chain.validators import ValidatorSet


class ConsensusMachine:
    """One validator's consensus in one epoch; `chain.consensus.epochs` leads from one to the next."""

    def __init__(  # noqa: PLR0913 - the wiring of one validator, called in one place
        self,
        own_index: int,
        validators: ValidatorSet,
        leaders: LeaderElection,
        safety: SafetyRules,
        app: Application,
        root: BlockResult,
        genesis_qc: QuorumCertificate,
        high_commit: QuorumCertificate,
        genesis_hash: bytes,
        signatures: Signatures,
        config: ConsensusConfig = CONSENSUS_AT_GENESIS,
    ) -> None:
        """Start above `root`, which `high_commit` committed; `own_index` is NOBODY for one that only follows."""
        self.own = own_index
        self.validators = validators
        self.leaders = leaders
        self.safety = safety
        self.app = app
        self.tree = BlockTree(root)
        self.verifier = Verifier(validators, leaders, genesis_qc, genesis_hash, signatures)
        self.high_qc = genesis_qc
        self.high_commit = high_commit
        self.high_tc: TimeoutCertificate | None = None
        self.round = 0
        self.ended = False
        """Whether the last block of the epoch is committed: nothing more may happen here (E5)."""
        tokens = (validators.epoch - 1) << 32  # timers and work of an epoch that is over must not be taken for ours
        self.pacemaker = Pacemaker(len(validators), config, tokens)
        self.collector = VoteCollector(validators)
        self.fetcher = Fetcher(own_index, len(validators), tokens)
        self.held = HeldBlocks(app, tokens)
        self.turns = Turns(own_index, validators, leaders)
        self._proposed_round = 0

    # --- events ---

    def start(self, pending: list[tuple[int, bytes]], now_us: int, out: Output) -> None:
        """Rebuild what was stored before a stop, then enter the round that the certificates lead to."""
        for row, data in pending:
            block = Block.from_value(decode(data))
            self.tree.next_row = max(self.tree.next_row, row + 1)
            parent = self.tree.result(block.parent_id)
            if parent is None or block.id in self.tree.nodes:
                out.persist.rows.append((Column.PENDING, row, None))
                continue
            self._adopt(block, parent, out, row)
            self._learn(block.parent_qc, block.tc)
        self._learn(self.high_commit, None)
        if justification := self.safety.record.justification:
            sync = SyncInfo.from_value(decode(justification))
            self._learn(sync.high_qc, sync.tc)
        self._advance(now_us, out)
        self._settle(now_us, out)
        for qc in (self.high_commit, self.high_qc):
            self.verifier.recall_certificates(qc, self.high_tc)
        last = self.safety.last_vote()
        if last is not None and last.data.round >= self.round and last.data.block_id in self.tree.nodes:
            self._send_vote(Vote(last.data, last.commit, self.own, last.signature), out)

    def on_message(self, sender: int, message: Message, now_us: int, out: Output) -> None:
        """Handle one decoded message of an authenticated validator."""
        match message:
            case Proposal():
                self._on_proposal(sender, message, now_us, out)
            case Vote():
                self._on_vote(sender, message, now_us, out)
            case Timeout():
                self._on_timeout(sender, message, now_us, out)
            case SyncInfo():
                self._on_sync_info(message, now_us, out)
            case BlockRequest():
                send(sender, answer(message, self.tree, self.app), out)
            case BlockResponse():
                self._on_block_response(message, now_us, out)
            case CommittedRequest():
                send(sender, self.app.committed_blocks(message.start_height), out)
            case CommittedResponse():
                self._on_committed_response(message, now_us, out)
            case _:
                raise BlockError("not a message of consensus", name="unknown_message")

    def on_timer(self, name: str, token: int, now_us: int, out: Output) -> None:
        """A timer is due; stale ones are ignored."""
        if name == "round" and self.pacemaker.is_round_due(token):
            self._time_out(now_us, out)
        elif name == "idle" and self.pacemaker.is_idle_due(token):
            self._propose(now_us, out, idle_is_over=True)
        elif name == CLOCK_TIMER:
            self._settle(now_us, out)
        elif name == FETCH_TIMER and self.fetcher.is_due(token):
            self.fetcher.ask(self.tree.root.height, now_us, out)

    def on_work_done(self, work_id: int, verdicts: tuple[bool, ...], now_us: int, out: Output) -> None:
        """Signatures of a held block's transactions are judged."""
        block = self.held.on_verdicts(work_id, verdicts)
        if block is not None:
            self._consider(block, now_us, out)
            self._settle(now_us, out)

    def on_transactions(self, now_us: int, out: Output) -> None:
        """The mempool has something: do not wait for the idle timer."""
        self.pacemaker.work_arrived(now_us, out)
        if self.turns.is_ours(self.round, self.high_commit):
            self._propose(now_us, out)

    def on_link(self, peer: int, is_up: bool, now_us: int, out: Output) -> None:
        """R17: a link to a validator came or went; a round whose proposal is here keeps its patience."""
        self.pacemaker.note_link(peer, is_up)
        leader = self.turns.leader(self.round)
        if self.safety.record.voted_round < self.round and not self.held.has(self.round, leader):
            self.pacemaker.skip_absent_leader(now_us, out)

    def begin_to_sign(self, now_us: int, out: Output) -> None:
        """R19, R24: what was signed before, or what others vote, is known: vote for this round's block, or propose."""
        for block in self.tree.blocks_of(self.round):
            self._vote(block, out)
        self._settle(now_us, out)

    def learn_end(self, end: QuorumCertificate, now_us: int, out: Output) -> None:
        """A verified certificate that ends the epoch: commit its block, or ask for what is missing (E9)."""
        self._learn(end, None)
        self._advance(now_us, out)
        self._settle(now_us, out)

    # --- proposals ---

    def _on_proposal(self, sender: int, proposal: Proposal, now_us: int, out: Output) -> None:
        """R1: only the round's leader proposes, over an authenticated link, with both certificates valid."""
        block = proposal.block
        header = block.header
        if header.author != sender:
            raise BlockError(f"validator {sender} sent a proposal of {header.author}", name="wrong_author")
        if header.round < self.round:
            self.verifier.late_block(block, is_authors=True)
            return
        self.verifier.block(block)
        self.verifier.qc(proposal.high_commit)
        self._learn(block.parent_qc, block.tc)
        self._learn(proposal.high_commit, None)
        self._advance(now_us, out)
        self._commit(out)  # R23: its author is judged by what it shows to be final
        if header.round == self.round and not self.ended:
            self._consider(block, now_us, out)
        self._settle(now_us, out)

    def _consider(self, block: Block, now_us: int, out: Output) -> None:
        """Execute and vote as soon as parent, signatures and clock allow; hold the block until then."""
        if block.id not in self.tree.nodes:
            author, known = block.header.author, (self.high_qc, self.high_commit)
            if self.held.is_second(block, self.tree, known):
                out.alarm("double_proposal", f"validator {author} proposed twice in round {block.round}", author)
                return
            self.held.add(block)
            parent = self.tree.result(block.parent_id)
            if parent is None or not (self.turns.may_execute(block) or self.held.is_named(block, known)):
                return
            if not self.held.is_ready(block, parent, now_us, out):
                return
            self.held.remove(block.id)
            self.tree.check_room()
            self._adopt(block, parent, out, None)
        if block.round == self.round:
            self._vote(block, out)
        for child in [other for other in self.held.all() if other.parent_id == block.id]:
            self._consider(child, now_us, out)

    def _adopt(self, block: Block, parent: BlockResult, out: Output, row: int | None) -> None:
        """Execute a block into the tree and store it, which must be durable before a vote for it leaves."""
        result = self.app.execute(parent, block)
        number = self.tree.insert(block, result)
        if row is None:
            out.persist.rows.append((Column.PENDING, number, block.to_bytes()))
        else:
            self.tree.nodes[block.id] = self.tree.nodes[block.id]._replace(row=row)

    def _retry_held(self, now_us: int, out: Output) -> None:
        """Look again at held blocks whose parent is here now."""
        for block in self.held.all():
            if block.id in self.held and block.parent_id in self.tree.nodes:
                self._consider(block, now_us, out)

    # --- votes ---

    def _vote(self, block: Block, out: Output) -> None:
        """Ask the safety module; what it refuses is not sent. Nor is a vote for who does not lead (R23, R24)."""
        votes = self.collector.count(block.round, block.id)
        if self.safety.silenced or not self.turns.may_vote(block, votes, self.high_commit):
            return
        result = self.tree.nodes[block.id].result
        parent = self.tree.nodes[block.parent_id].result
        info = commit_info(block.header.epoch, parent)
        following = None if result.next_epoch is None else result.next_epoch.hash
        try:
            signed = self.safety.vote(block, result.root, result.version, info, following)
        except SafetyError as error:
            if error.name != "old_round":
                raise
            return
        out.persist.rows.append((Column.META, VOTED_ROW, encode((signed.data.epoch, signed.data.round))))
        out.safety = self.safety.record_bytes()
        self._send_vote(Vote(signed.data, signed.commit, self.own, signed.signature), out)

    def _send_vote(self, vote: Vote, out: Output) -> None:
        """R6: never before it is durable."""
        data = encode_message(vote)
        out.after_persist += [Send(to, data) for to in self.turns.voted_to(vote.data.round)]

    def _on_vote(self, sender: int, vote: Vote, now_us: int, out: Output) -> None:
        """R7: votes of this round and the next, one a validator."""
        data = vote.data
        self.verifier.same_epoch(data.epoch)
        if not max(self.round - 1, 1) <= data.round <= self.round + 1 or data.round <= self.high_qc.round:
            self.verifier.late_vote(sender, vote)
            return
        self.verifier.vote(sender, vote)
        qc, conflict = self.collector.add_vote(vote)
        if conflict is not None:
            out.alarm("double_vote", f"validator {sender} voted twice in round {data.round}", sender)
        if self.collector.disagreement(data.round):
            out.alarm("execution_divergence", f"round {data.round}: validators computed different results")
        if qc is not None:
            self.verifier.qc(qc)
            self._learn(qc, None)
            self._advance(now_us, out)
            self._settle(now_us, out)
        elif not self.leaders.is_known(self.round):  # R24: maybe it is the vote that we have waited for
            self.begin_to_sign(now_us, out)

    # --- time-outs ---

    def _time_out(self, now_us: int, out: Output) -> None:
        """R8: give the round up, and say so again until it changes."""
        self.pacemaker.arm_again(now_us, self._is_idle(), out)
        if self.safety.silenced:
            return
        sync = self.sync_info()
        try:
            signature = self.safety.timeout(self.round, self.high_qc, self.high_tc, sync.to_bytes())
        except SafetyError as error:
            if error.name not in ("old_round", "stale_certificate"):  # a lost ledger catches up with what was signed
                out.alarm(error.name, error.message)
            return
        self.pacemaker.timed_out = True
        out.safety = self.safety.record_bytes()
        data = encode_message(Timeout(self.validators.epoch, self.round, self.own, signature, sync))
        out.after_persist.append(Send(self.own, data))
        out.after_persist.append(Send(ALL_OTHERS, data))

    def _on_timeout(self, sender: int, timeout: Timeout, now_us: int, out: Output) -> None:
        """R9, R10: f + 1 time-outs make us join, a quorum makes a certificate."""
        self.verifier.same_epoch(timeout.epoch)
        self.verifier.timeout(sender, timeout)
        high = timeout.sync.high_qc
        self._on_sync_info(timeout.sync, now_us, out)
        if self.ended:
            return
        if timeout.round < self.round:
            send(sender, self.sync_info(), out)
            return
        if timeout.round > self.round + FUTURE_ROUNDS or high.round >= timeout.round:
            return
        count = self.collector.add_timeout(timeout)
        if timeout.round == self.round:
            if count >= self.validators.one_honest and not self.pacemaker.timed_out:
                self._time_out(now_us, out)
            self._finish_round(now_us, out)

    def _finish_round(self, now_us: int, out: Output) -> None:
        """If a quorum gave the round up, build its certificate and go on."""
        tc = self.collector.timeout_certificate(self.round)
        if tc is not None:
            self._learn(tc.high_qc, tc)
            self._advance(now_us, out)
            send(ALL_OTHERS, self.sync_info(), out)
            self._settle(now_us, out)

    def _on_sync_info(self, sync: SyncInfo, now_us: int, out: Output) -> None:
        """R11: certificates from anyone move us forward."""
        self.verifier.same_epoch(sync.high_qc.data.epoch)
        if sync.high_qc.round > self.high_qc.round:
            self.verifier.qc(sync.high_qc)
            self._learn(sync.high_qc, None)
        if sync.high_commit.round > self.high_commit.round:
            self.verifier.qc(sync.high_commit)
            self._learn(sync.high_commit, None)
        if sync.tc is not None and (self.high_tc is None or sync.tc.round > self.high_tc.round):
            self.verifier.tc(sync.tc)
            self._learn(sync.tc.high_qc, sync.tc)
        self._advance(now_us, out)
        self._settle(now_us, out)

    # --- certificates, rounds, commits ---

    def _learn(self, qc: QuorumCertificate, tc: TimeoutCertificate | None) -> None:
        """Remember verified certificates that are higher than ours."""
        if qc.round > self.high_qc.round:
            self.high_qc = qc
        if qc.commit is not None and qc.round > self.high_commit.round:
            self.high_commit = qc
        if tc is not None and (self.high_tc is None or tc.round > self.high_tc.round):
            self.high_tc = tc

    def _advance(self, now_us: int, out: Output) -> None:
        """R12: the round is one above the highest certificate of either kind."""
        tc_round = 0 if self.high_tc is None else self.high_tc.round
        new_round = max(self.high_qc.round, tc_round) + 1
        if new_round <= self.round:
            return
        self.round = new_round
        self.collector.drop_below(new_round - 1)
        self.held.drop_up_to(new_round - FUTURE_ROUNDS)
        committed = 0 if self.high_commit.commit is None else self.high_commit.commit.round
        self.pacemaker.enter(new_round, committed, now_us, self._is_idle(), out, self.turns.leader(new_round))
        self._check_memory(self.high_qc, self.high_tc, out)

    def _check_memory(self, qc: QuorumCertificate, tc: TimeoutCertificate | None, out: Output) -> None:
        """R18: a verified signature of ours that our record does not know ends our signing."""
        if self.safety.is_barred:
            return
        try:
            check_certificates(self.safety.record, self.own, qc, tc)
        except SafetyError as error:
            self.safety.silenced = error.message
            out.alarm(error.name, error.message)

    def _settle(self, now_us: int, out: Output) -> None:
        """Commit what is certified, ask for what is missing, propose if it is our turn."""
        self._commit(out)
        if self.ended:
            return
        if self.leaders.by_history:
            self.pacemaker.change_leader(self.turns.leader(self.round), now_us, self._is_idle(), out)
        self._retry_held(now_us, out)
        self._request_missing(now_us, out)
        if self.turns.is_ours(self.round, self.high_commit):
            self._propose(now_us, out)
        self._finish_round(now_us, out)  # its time-outs may have come before we entered the round

    def _commit(self, out: Output) -> None:
        """R13: a certificate for a child one round above its parent commits the parent and all before it."""
        commit = self.high_commit.commit
        if commit is None or commit.round <= self.tree.root.round:
            return
        found = self.tree.path(commit.block_id)
        if not found:
            return
        path = [(node.block, node.result) for node in found if node.block is not None]
        check_path(path, commit)
        self._make_final(path, self.high_commit, out)

    def _make_final(self, path: list[tuple[Block, BlockResult]], proof: QuorumCertificate, out: Output) -> None:
        """Commit, then prune the tree and the stored copies of what left it; the epoch may end here (E5)."""
        self.app.commit(ledger_part(path), proof, out)
        for block, _ in path:
            self.leaders.note(block)
        root = path[-1][1]
        rows = self.tree.set_root(root)
        if root.next_epoch is not None:
            self.ended = True
            rows += [node.row for node in self.tree.nodes.values() if node.row >= 0]
        out.persist.rows += [(Column.PENDING, row, None) for row in rows]
        self.held.drop_up_to(root.round)

    def _request_missing(self, now_us: int, out: Output) -> None:
        """R14, unless a snapshot brings all of it (SY1)."""
        wanted, signers = missing(self.tree, self.held, self.high_qc, self.high_commit, self.app)
        self.fetcher.want(wanted, signers, self.tree.root.height, now_us, out)

    # --- proposing ---

    def _propose(self, now_us: int, out: Output, *, idle_is_over: bool = False) -> None:
        """R15: once a round, on the highest certificate; an idle leader waits first, unless the last round failed."""
        if self._proposed_round >= self.round or self.pacemaker.timed_out or self.safety.silenced:
            return
        parent = self.tree.result(self.high_qc.block_id)
        if parent is None:
            return
        is_over = parent.next_epoch is not None  # E4: only the end of the epoch is left to commit
        timestamp_us = parent.timestamp_us if is_over else max(now_us, parent.timestamp_us + 1)
        payload = () if is_over else self.app.payload(parent, timestamp_us)
        tc = None if self.high_qc.round + 1 == self.round else self.high_tc
        has_work = bool(payload) or self.tree.has_payload(self.high_qc.block_id)
        if not has_work and tc is None and not idle_is_over:
            self.pacemaker.wait_idle(now_us, out)
            return
        header = draft_header(self.round, parent, self.own, timestamp_us, self.high_qc, tc, payload)
        self._proposed_round = self.round
        try:
            signature = self.safety.propose(header, header_id(header))
        except SafetyError:
            return  # proposed before a restart: the round belongs to that proposal
        block = Block(header, self.high_qc, tc, payload, signature, header_id(header))
        out.safety = self.safety.record_bytes()
        data = encode_message(Proposal(block, self.high_commit))
        self.held.trust(block.id)
        out.after_persist.append(Send(ALL_OTHERS, data))
        out.after_persist.append(Send(self.own, data))

    def _is_idle(self) -> bool:
        """Whether nothing waits to be committed, as far as this validator knows."""
        return is_idle(self.tree, self.high_qc.block_id, self.app)

    # --- blocks from others ---

    def _on_block_response(self, response: BlockResponse, now_us: int, out: Output) -> None:
        """Each block must be justified like a proposal; they may come from anyone."""
        for block in response.blocks:
            if block.id in self.tree.nodes or block.round <= self.tree.root.round:
                continue
            self.verifier.block(block)
            self._learn(block.parent_qc, block.tc)
            self._consider(block, now_us, out)
        self._advance(now_us, out)
        self._settle(now_us, out)

    def go_on_from(self, root: BlockResult, proof: QuorumCertificate, now_us: int, out: Output) -> None:
        """SY7: the ledger has just gone on from a snapshot, whose certificate is verified."""
        out.persist.rows += [(Column.PENDING, row, None) for row in self.tree.set_root(root)]
        self.held.drop_up_to(root.round)
        self._go_on(proof, now_us, out)

    def _go_on(self, proof: QuorumCertificate, now_us: int, out: Output) -> None:
        """The blocks up to a verified certificate's are here."""
        self._learn(proof, None)
        self._advance(now_us, out)
        self.fetcher.want(None, (), self.tree.root.height, now_us, out)
        self._settle(now_us, out)

    def _on_committed_response(self, response: CommittedResponse, now_us: int, out: Output) -> None:
        """Blocks linked to our tip, the last of them named by a valid commit certificate, are final."""
        root, proof = self.tree.root, response.proof
        blocks = tuple(block for block in response.blocks if block.height > root.height)
        if proof is None or proof.commit is None or not blocks:
            return
        self.verifier.same_epoch(proof.data.epoch)
        self.verifier.qc(proof)
        path = run_committed(self.app, root, blocks, proof.commit)
        for block in blocks:
            self._check_memory(block.parent_qc, block.tc, out)
            self.verifier.late_block(block, is_authors=False)
        self._make_final(path, proof, out)
        if not self.ended:
            self._go_on(proof, now_us, out)

    # --- small helpers ---

    def sync_info(self) -> SyncInfo:
        """What we know best."""
        is_newer = self.high_tc is not None and self.high_tc.round > self.high_qc.round
        return SyncInfo(self.high_qc, self.high_commit, self.high_tc if is_newer else None)
