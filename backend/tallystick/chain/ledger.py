"""What the contracts hold, read at one block: loans, what is owed, balances, parties, notices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tallystick.chain.answers import BlockHeader
from tallystick.chain.bindings import selector
from tallystick.chain.client import Block, CallRequest, Node
from tallystick.chain.deployment import Deployment
from tallystick.chain.failures import NodeAnswerInvalid
from tallystick.chain.refusals import LedgerRefused
from tallystick.chain.terms import witness
from tallystick.chain.words import address_bytes, hash_bytes, text_word
from tallystick.loans.loan import Account, Status
from tallystick.loans.reduction import Reduction
from tallystick.loans.repaid import DueAtOnce, Repaid
from tallystick.loans.terms import LoanTerms
from tallystick.loans.waterfall import Owed

_WORD = 32
_EPOCH = date(1970, 1, 1)
_STATUSES = (None, *Status)
_LOAN_WORDS = 7 + 6 + 5 + 5 + 1
_ACCELERATED = 8
_MANDATE_REVOKED = 16


@dataclass(frozen=True, slots=True)
class OnChainLoan:
    """`loanOf`: all the ledger stores of a loan, apart from purposes spent and notices served.

    `repaid` is none before disbursement; `assignee` is none while the claim is who signed's.
    """

    status: Status
    is_mandate_revoked: bool
    repaid: Repaid | None
    account: Account
    assignee: str | None


@dataclass(frozen=True, slots=True)
class OnChainParty:
    """`partyOf` of a registered party."""

    roles: int
    payee_category: int
    is_frozen: bool
    signature_nonce: int
    identity_commitment: str


class LedgerReader:
    """Reads the contracts of `deployment`, many things at a time.

    `block` is a number, a hash or a tag; whatever one call returns is of one and the same block
    when a number or hash is given. Raises what `Node` raises; nodes that have dropped the state of
    an old block raise NodeLagging.
    """

    def __init__(self, node: Node, deployment: Deployment) -> None:
        self.node = node
        self.deployment = deployment

    def head(self) -> BlockHeader:
        """The latest block, to read everything else at."""
        return self.node.header("latest")

    def loan(self, loan_id: str, block: Block = "latest") -> OnChainLoan | None:
        """None if the ledger does not know the loan."""
        return self.loans([loan_id], block)[0]

    def loans(self, loan_ids: Sequence[str], block: Block = "latest") -> list[OnChainLoan | None]:
        function = selector("LoanLedger", "loanOf")
        answers = self._ledger(
            [function + hash_bytes(one, "loan_id") for one in loan_ids], _LOAN_WORDS, block
        )
        return [_loan(words) for words in answers]

    def owed(self, terms: LoanTerms, at: datetime, block: Block = "latest") -> Owed:
        """What is owed at `at` by the state of `block`. Raises LedgerRefused before its accrual."""
        return self.owed_many([(terms, at)], block)[0]

    def owed_many(
        self, questions: Sequence[tuple[LoanTerms, datetime]], block: Block = "latest"
    ) -> list[Owed]:
        function = selector("LoanLedger", "owedAt")
        answers = self._ledger(
            [
                function + _uint(2 * _WORD) + _uint(int(at.timestamp())) + _bytes(witness(terms))
                for terms, at in questions
            ],
            9,
            block,
        )
        return [Owed(*words) for words in answers]

    def spent(
        self, questions: Sequence[tuple[str, str]], block: Block = "latest"
    ) -> dict[tuple[str, str], int]:
        """What was paid so far, by (loan id, purpose)."""
        function = selector("LoanLedger", "spentMinor")
        answers = self._ledger(
            [
                function + hash_bytes(loan_id, "loan_id") + text_word(purpose, "purpose")
                for loan_id, purpose in questions
            ],
            1,
            block,
        )
        return {asked: words[0] for asked, words in zip(questions, answers, strict=True)}

    def notices_served_at(
        self, questions: Sequence[tuple[str, str]], block: Block = "latest"
    ) -> dict[tuple[str, str], datetime | None]:
        """When each notice was anchored, by (loan id, content hash); none if it was not."""
        function = selector("LoanLedger", "noticeServedAt")
        answers = self._ledger(
            [
                function + hash_bytes(loan_id, "loan_id") + hash_bytes(content, "content_hash")
                for loan_id, content in questions
            ],
            1,
            block,
        )
        return {asked: _time(words[0]) for asked, words in zip(questions, answers, strict=True)}

    def claimable(self, addresses: Sequence[str], block: Block = "latest") -> dict[str, int]:
        """Money the ledger holds for each address."""
        return self._by_address(
            self.deployment.loan_ledger, selector("LoanLedger", "claimableMinor"), addresses, block
        )

    def balances(self, addresses: Sequence[str], block: Block = "latest") -> dict[str, int]:
        """Settlement tokens each address holds."""
        return self._by_address(
            self.deployment.settlement_token,
            selector("SettlementToken", "balanceOf"),
            addresses,
            block,
        )

    def allowance(self, owner: str, spender: str, block: Block = "latest") -> int:
        """What `spender` may still move of `owner`'s settlement tokens."""
        data = selector("SettlementToken", "allowance") + _address(owner) + _address(spender)
        return self._read([CallRequest(self.deployment.settlement_token, data)], 1, block)[0][0]

    def total_supply(self, block: Block = "latest") -> int:
        """Settlement tokens in all."""
        data = selector("SettlementToken", "totalSupply")
        return self._read([CallRequest(self.deployment.settlement_token, data)], 1, block)[0][0]

    def is_paused(self, block: Block = "latest") -> bool:
        """Whether origination, restructuring and disbursement are stopped."""
        return bool(self._ledger([selector("LoanLedger", "isPaused")], 1, block)[0][0])

    def parties(
        self, addresses: Sequence[str], block: Block = "latest"
    ) -> dict[str, OnChainParty | None]:
        """The registry's record of each address, none if it is not registered."""
        function = selector("PartyRegistry", "partyOf")
        requests = [
            CallRequest(self.deployment.party_registry, function + _address(one))
            for one in addresses
        ]
        return {
            address: _party(words)
            for address, words in zip(addresses, self._read(requests, 5, block), strict=True)
        }

    def _by_address(
        self, contract: str, function: bytes, addresses: Sequence[str], block: Block
    ) -> dict[str, int]:
        requests = [CallRequest(contract, function + _address(one)) for one in addresses]
        answers = self._read(requests, 1, block)
        return {address: words[0] for address, words in zip(addresses, answers, strict=True)}

    def _ledger(
        self, calldatas: Iterable[bytes], words: int, block: Block
    ) -> list[tuple[int, ...]]:
        ledger = self.deployment.loan_ledger
        return self._read([CallRequest(ledger, data) for data in calldatas], words, block)

    def _read(
        self, requests: Sequence[CallRequest], words: int, block: Block
    ) -> list[tuple[int, ...]]:
        """The words each call returns. Raises the first refusal."""
        results = []
        for answer in self.node.call_many(requests, block):
            if isinstance(answer, LedgerRefused):
                raise answer
            if len(answer) != words * _WORD:
                raise NodeAnswerInvalid(
                    f"A contract returned {len(answer)} bytes instead of {words * _WORD}; "
                    "are these the right contracts?"
                )
            results.append(
                tuple(
                    int.from_bytes(answer[at : at + _WORD]) for at in range(0, len(answer), _WORD)
                )
            )
        return results


def _loan(words: tuple[int, ...]) -> OnChainLoan | None:
    if words[0] >= len(_STATUSES):
        raise NodeAnswerInvalid(f"The ledger returned a loan of status {words[0]}.")
    status = _STATUSES[words[0]]
    if status is None:
        return None
    flags, next_instalment, accrued_day, paid_on_next, penalty_repaid, unit_days = words[1:7]
    carried_penalty, carried_interest, interest, principal, oldest_due_day = words[18:23]
    assignee = words[23]
    repaid = Repaid(
        accrued_on=_day(accrued_day),
        next_instalment=next_instalment,
        paid_on_next_minor=paid_on_next,
        penalty_unit_days=unit_days,
        penalty_repaid_minor=penalty_repaid,
        is_accelerated=bool(flags & _ACCELERATED),
        reduction=Reduction(*words[13:18]),
        due_at_once=DueAtOnce(
            carried_penalty_minor=carried_penalty,
            carried_interest_minor=carried_interest,
            accelerated_interest_minor=interest,
            accelerated_principal_minor=principal,
            oldest_due_on=_day(oldest_due_day) if oldest_due_day else None,
        ),
    )
    return OnChainLoan(
        status=status,
        is_mandate_revoked=bool(flags & _MANDATE_REVOKED),
        repaid=repaid if accrued_day else None,
        account=Account(*words[7:13]),
        assignee=f"0x{assignee:040x}" if assignee else None,
    )


def _party(words: tuple[int, ...]) -> OnChainParty | None:
    roles, payee_category, is_frozen, signature_nonce, commitment = words
    if roles == 0:
        return None
    return OnChainParty(
        roles, payee_category, bool(is_frozen), signature_nonce, f"0x{commitment:064x}"
    )


def _day(number: int) -> date:
    try:
        return _EPOCH + timedelta(days=number)
    except OverflowError:
        raise NodeAnswerInvalid(f"The ledger returned a day numbered {number}.") from None


def _time(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _address(value: str) -> bytes:
    return address_bytes(value).rjust(_WORD, b"\0")


def _uint(value: int) -> bytes:
    return value.to_bytes(_WORD)


def _bytes(value: bytes) -> bytes:
    return _uint(len(value)) + value + bytes(-len(value) % _WORD)
