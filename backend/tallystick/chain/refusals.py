"""What the contracts' errors mean to the caller, and what to do about each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tallystick.chain.words import WordMalformed, number_date, word_text
from tallystick.kernel.errors import Refused
from tallystick.parties.roles import role_names

_STATUSES = (
    "unknown", "revoked", "approved", "cancelled", "active", "written off", "restructured", "closed"
)  # fmt: skip

SENTENCES: Mapping[str, str] = {
    # LoanLedger: agreement
    "LoanUnknown": "No loan {loanId} is known to the ledger; originate it, or check its terms.",
    "LoanAlreadyOriginated": (
        "Loan {loanId} is on the ledger already; change the agreement's number for a new one."
    ),
    "LoanStatusInvalid": "Loan {loanId} is {status}, which does not allow this.",
    "SignatureInvalid": (
        "The signature of {signer} does not match these terms; have {signer} sign them again."
    ),
    "SignatureExpired": (
        "The signatures could be used until {signBy}; agree on a later day and sign again."
    ),
    "SignatureNonceInvalid": (
        "The terms carry nonce {nonce} of {signer}, which has cancelled what it signed; ask the "
        "registry for its nonce and sign terms that carry it."
    ),
    "SignatureIsRevoked": "A side has revoked its signature of loan {loanId}; sign new terms.",
    "PartyNotActiveAs": "{party} is not registered as {roles}, or is frozen; ask the registrar.",
    "CallerNotPermitted": "{caller} may not do this for this loan.",
    "CurrencyMismatch": "The ledger does not serve {currency}; use the ledger of that currency.",
    "AmountZero": "The amount must not be zero.",
    "IsPaused": (
        "A guardian has stopped origination, restructuring and disbursement; repayments go on."
    ),
    "WitnessMalformed": "The witness is cut short, too long, or shows pages that do not exist.",
    "InstalmentNotShown": (
        "The call needs instalment {index} (from 0), which its witness does not show; show more of "
        "the schedule."
    ),
    "AgreementMismatch": "The agreement shown is not the one the witness names.",
    "TermInvalid": "The term {field} cannot be originated as it is; mend it and sign again.",
    "InstalmentInvalid": "Instalment {index} (from 0) cannot be originated: {field} is wrong.",
    "PurposeInvalid": "Purpose {index} (from 0) cannot be originated: {field} is wrong.",
    "ScheduleNotSummingToPrincipal": (
        "The instalments leave {leftMinor} of principal outstanding; the last must leave none."
    ),
    "PrincipalNotUsable": (
        "Caps and self-paid share cover {usableMinor} of {principalMinor} lent; nobody could "
        "use the rest."
    ),
    # LoanLedger: use of proceeds
    "DisbursementOutsideWindow": (
        "Disbursement is agreed from {disburseOn} to {disburseBy}, and today is outside."
    ),
    "PurposeNotAgreed": "The purpose {purpose} is not among those agreed for this loan.",
    "PayeeNotRegistered": "{payee} is not registered as a payee, or is frozen; ask the registrar.",
    "PayeeCategoryNotAgreed": (
        "{payee} is a payee of category {payeeCategory}; the purpose is agreed for category "
        "{agreedCategory}."
    ),
    "PayeeIsParty": (
        "{payee} is a party of the loan and cannot be its payee; use a withdrawal for the "
        "self-paid share."
    ),
    "PurposeCapExceeded": (
        "{amountMinor} more for {purpose} exceeds its cap: {spentMinor} of {capMinor} is spent."
    ),
    "SelfPaidShareExceeded": (
        "{amountMinor} more exceeds the self-paid share: {withdrawnMinor} of {maxMinor} is "
        "withdrawn."
    ),
    "ControlledBalanceExceeded": (
        "{amountMinor} is more than the {controlledMinor} left in the loan's controlled account."
    ),
    "EvidenceMissing": "A payment needs the hash of its evidence.",
    # LoanLedger: repayment and servicing
    "NothingOwed": "Nothing can be repaid on loan {loanId} now.",
    "AmountAboveMax": (
        "This takes {takenMinor}, more than the {amountMinorMax} offered; ask what is owed and "
        "offer that."
    ),
    "NotInArrears": "Loan {loanId} is not in arrears and cannot be written off.",
    "NotLateEnough": (
        "The loan is {daysPastDue} days past due; more than {daysAgreed} are agreed for this."
    ),
    "NotAgreed": "The terms of the loan do not allow this ({what}).",
    "MandateIsRevoked": "The borrower has revoked the mandate of loan {loanId}; ask it to repay.",
    "NothingToCollect": (
        "Nothing can be collected on loan {loanId}: nothing is due, or the mandate, the "
        "borrower's balance or its allowance leaves nothing."
    ),
    "NothingToCallFor": (
        "Nothing can be taken from the guarantor of loan {loanId}: nothing is due, the guarantee "
        "is used up, or its balance or allowance leaves nothing."
    ),
    "DueAmountsFirst": "{dueMinor} is due and has to be repaid first.",
    "PrepaymentTooLarge": (
        "{principalMinor} is more than the {maxMinor} outstanding beyond the current instalment; "
        "to repay everything, pay off."
    ),
    "NothingToReimburse": "The guarantor of loan {loanId} has nothing to get back.",
    "LoanAlreadyAccelerated": "All of loan {loanId} was made due; repay it or pay it off.",
    "AssigneeInvalid": "{assignee} is a party of the loan and cannot become its lender.",
    "RestructuringMismatch": (
        "The new terms do not continue the loan: {field} does not match what they replace."
    ),
    "NoticeAlreadyServed": "The notice {contentHash} of loan {loanId} is anchored already.",
    "NoticeIncomplete": "A notice needs a dunning step and the hash of its content.",
    "NothingToClaim": "Nothing is held for {party}.",
    "TimeBeforeAccrual": "The loan has been touched after {asOf}; ask about {accruedOn} or later.",
    "BatchNested": "A batch cannot hold another batch.",
    "PauseUnchanged": "The ledger is stopped already, or was not stopped.",
    # PartyRegistry
    "PartyNotRegistered": "{party} is not registered.",
    "PartyAddressZero": "The zero address cannot be a party.",
    "PartyAlreadyRegistered": "{party} is registered already; update it instead.",
    "RolesInvalid": "The role bitmap {roles} is empty or has unknown bits.",
    "PayeeCategoryInvalid": (
        "Payees have a category and other parties none; roles {roles} came with category "
        "{payeeCategory}."
    ),
    "IdentityCommitmentMissing": "{party} needs an identity commitment.",
    "FrozenUnchanged": "{party} is frozen already, or was not frozen.",
    # SettlementToken
    "PartyNotActive": (
        "{party} is not registered or is frozen, and can neither send nor receive settlement "
        "tokens."
    ),
    "BankReferenceMissing": "A bank payment needs its reference.",
    "BankReferenceUsed": "The bank payment {bankReference} is booked already.",
    "SupplyAboveBound": (
        "The supply would reach {supplyMinor}, above the bound of {supplyMinorMax}."
    ),
    "PurposeMissing": "A transfer with purpose needs a purpose.",
    "ReceiverIsLedger": "{ledger} is a ledger and fetches its own money; send nothing to it.",
    "ERC20InsufficientAllowance": (
        "{spender} may spend {allowance} of the {needed} needed; approve more to {spender}."
    ),
    "ERC20InsufficientBalance": "{sender} holds {balance} of the {needed} needed.",
    "ERC20InvalidApprover": "{approver} cannot approve.",
    "ERC20InvalidReceiver": "{receiver} cannot receive settlement tokens.",
    "ERC20InvalidSender": "{sender} cannot send settlement tokens.",
    "ERC20InvalidSpender": "{spender} cannot be approved.",
    "ERC2612ExpiredSignature": "The permit's deadline, {deadline}, has passed; sign a new one.",
    "ERC2612InvalidSigner": "The permit was signed by {signer}, not by {owner}.",
    "SafeERC20FailedOperation": "The settlement token {token} refused the transfer.",
    # PasskeyAccount
    "AssertionInvalid": (
        "No passkey of this account signed the challenge {challenge}, or its user was not "
        "verified; sign with a passkey of the account."
    ),
    "DeadlinePassed": "The signature could be used until {deadline} (unix time); sign again.",
    "NonceInvalid": (
        "The account's next nonce is {expectedNonce}, and {nonce} was signed; ask for the nonce "
        "and sign again."
    ),
    "AlreadyExecuting": "A call of the account came back to it; its next calls wait their turn.",
    "CallerNotAccount": "Only the account itself can do this, by calls its passkey signed.",
    "CallerNotFactory": "Only the factory can do this, as it creates the account.",
    "PasskeyInvalid": "The public key {x}, {y} is not a point on P-256.",
    "PasskeyAlreadyAdded": "The passkey {passkeyId} signs for this account already.",
    "PasskeyUnknown": "The passkey {passkeyId} does not sign for this account.",
    "PasskeyIsLast": "The passkey {passkeyId} is the account's last; add another one first.",
    # CoLending
    "MemberCountInvalid": "A co-lending has two to sixteen members, not {count}.",
    "MemberRepeated": "{member} is listed as a member more than once; list each lender once.",
    "MemberInvalid": "Member {index} (from 0) cannot be agreed on: its {field} is wrong.",
    "MemberNotLender": "{member} is not registered as a lender, or is frozen; ask the registrar.",
    "MemberIsParty": "{member} is a member and on the loan's other side; it cannot be both.",
    "SharesMissing": "No member has a share of what goes beyond the priorities; agree on one.",
    "CallerNotMember": "{caller} is not a member of this co-lending.",
    "ConsentUnchanged": "{member} has said so about {digest} already.",
    "AlreadyFunded": (
        "This co-lending has funded loan {loanId} and funds no other; make another one."
    ),
    "LenderIsAnother": "The terms name {lender} as lender, not this co-lending.",
    "PrincipalNotCommitted": (
        "The principal is {principalMinor}, the members' commitments are {committedMinor}; they "
        "must be equal."
    ),
    "MajorityMissing": (
        "Members of {agreedMinor} out of {committedMinor} committed agree; more than half must."
    ),
    "ActAlreadyTaken": "The act {digest} was done already; sign another with another deadline.",
    "NothingToDistribute": "Nothing has come in that was not paid on.",
    "ReentrancyGuardReentrantCall": "A receiver came back in the middle of a payout.",
    # AccessManager
    "AccessManagedUnauthorized": (
        "{caller} does not hold the role this needs; ask the administrator of the contracts."
    ),
    "AccessManagedRequiredDelay": "{caller} must schedule this {delay} seconds ahead.",
    "AccessManagedInvalidAuthority": "{authority} is not an authority.",
    "AccessManagerAlreadyScheduled": "The operation {operationId} is scheduled already.",
    "AccessManagerBadConfirmation": "The role must be renounced by its holder.",
    "AccessManagerExpired": "The operation {operationId} has expired; schedule it again.",
    "AccessManagerInvalidInitialAdmin": "{initialAdmin} cannot be the administrator.",
    "AccessManagerLockedFunction": "The function {selector} is locked.",
    "AccessManagerLockedRole": "The role {roleId} is locked.",
    "AccessManagerNotReady": "The operation {operationId} is not due yet.",
    "AccessManagerNotScheduled": "The operation {operationId} is not scheduled.",
    "AccessManagerUnauthorizedAccount": "{msgsender} does not hold role {roleId}.",
    "AccessManagerUnauthorizedCall": "{caller} may not call {selector} of {target}.",
    "AccessManagerUnauthorizedCancel": "{msgsender} may not cancel this operation of {caller}.",
    "AccessManagerUnauthorizedConsume": "{target} may not consume a scheduled operation.",
    # OpenZeppelin underneath
    "AddressEmptyCode": "There is no contract at {target}.",
    "CloneArgumentsTooLong": "What the contract should carry in its code is too long.",
    "Create2EmptyBytecode": "There is no code to create a contract from.",
    "ECDSAInvalidSignature": "The signature recovers no signer.",
    "ECDSAInvalidSignatureLength": "A signature has 65 bytes, not {length}.",
    "ECDSAInvalidSignatureS": (
        "The signature's s value {s} is malleable; sign again with a current library."
    ),
    "FailedDeployment": "A contract could not be created.",
    "FailedCall": "A call inside the contract failed.",
    "InsufficientBalance": "The contract holds {balance} of the {needed} needed.",
    "InvalidAccountNonce": "The permit of {account} must carry nonce {currentNonce}.",
    "InvalidShortString": "A short string was malformed.",
    "StringTooLong": "The string {str} is too long.",
    "SafeCastOverflowedUintDowncast": "{value} does not fit {bits} bits.",
}
"""What to tell the caller, by Solidity error."""

_TEXTS = ("currency", "purpose", "field", "what")
_DATES = ("signBy", "disburseOn", "disburseBy")


class LedgerRefused(Refused):
    """The contracts refused a call.

    `error` is the Solidity name, `arguments` its arguments, JSON-able. `type` is the name in
    snake_case, as callers see it.
    """

    def __init__(
        self,
        error: str,
        arguments: Mapping[str, Any],
        detail: str,
        *,
        field: str | None = None,
    ) -> None:
        super().__init__(detail, field=field, error=error, args=dict(arguments))
        self.error = error
        self.arguments = dict(arguments)

    @property
    def type(self) -> str:
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.error).lower()


def refusal_of(error: str, values: Mapping[str, Any]) -> LedgerRefused:
    """The refusal a decoded custom error stands for."""
    arguments = {name: _argument(name, value) for name, value in values.items()}
    field = arguments.get("field")
    detail = SENTENCES.get(error, "").format_map(arguments)
    return LedgerRefused(
        error,
        arguments,
        detail or f"The chain refused: {error}({', '.join(map(str, arguments.values()))}).",
        field=str(field) if field is not None else None,
    )


def _argument(name: str, value: Any) -> Any:
    """A decoded argument as callers read it: texts, dates and roles by their words."""
    if isinstance(value, bytes):
        if name in _TEXTS:
            try:
                return word_text(value)
            except WordMalformed:
                pass
        return "0x" + value.hex()
    if name in _DATES:
        try:
            return number_date(value).isoformat()
        except WordMalformed:
            return value
    if name == "status":
        return _STATUSES[value] if value < len(_STATUSES) else value
    if name == "roles":
        return " and ".join(role_names(value)) or value
    if name == "accruedOn":
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=value)).date().isoformat()
    return value
