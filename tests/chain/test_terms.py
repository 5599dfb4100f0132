"""Terms in Python are terms on chain: encoding, loan id, and the message both sides sign."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.chain.bindings import abi, selector
from tallystick.chain.terms import (
    decode_terms,
    encode_terms,
    loan_id,
    signing_digest,
    typed_data,
)
from tallystick.chain.words import (
    HexInvalid,
    TextInvalid,
    WordMalformed,
    address_bytes,
    date_number,
    hash_bytes,
    number_date,
    text_word,
    word_text,
)
from tallystick.loans.terms import LoanTerms, PurposeCap
from tests.chain.random_terms import abi_tuple
from tests.chain.random_terms import terms as any_terms
from tests.fixtures.chain import World

WITH_WORLD = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def abi_type() -> str:
    (function,) = (entry for entry in abi("LoanLedger") if entry.get("name") == "idOf")

    def spelled(parameter: dict[str, Any]) -> str:
        if not parameter["type"].startswith("tuple"):
            return str(parameter["type"])
        inside = ",".join(spelled(member) for member in parameter["components"])
        return f"({inside}){parameter['type'].removeprefix('tuple')}"

    return spelled(function["inputs"][0])


def ask_ledger(world: World, function: str, terms: LoanTerms) -> bytes:
    data = selector("LoanLedger", function) + (32).to_bytes(32) + encode_terms(terms)
    return world.node.call(world.deployment.loan_ledger, data)


@given(any_terms())
def test_encoding_is_that_of_a_general_encoder(terms: LoanTerms) -> None:
    assert (32).to_bytes(32) + encode_terms(terms) == encode([abi_type()], [abi_tuple(terms)])


@given(any_terms(), st.binary(max_size=64))
def test_decoding_is_the_inverse(terms: LoanTerms, behind: bytes) -> None:
    assert decode_terms(encode_terms(terms) + behind) == terms


@WITH_WORLD
@given(terms=any_terms())
def test_the_ledger_knows_the_same_id_and_digest(world: World, terms: LoanTerms) -> None:
    ledger = world.deployment.loan_ledger
    assert ask_ledger(world, "idOf", terms).hex() == loan_id(terms).removeprefix("0x")
    assert ask_ledger(world, "digestOf", terms) == signing_digest(terms, 31337, ledger)


@settings(max_examples=40, deadline=None)
@given(any_terms(instalments_max=6))
def test_a_wallet_signs_the_same_digest(terms: LoanTerms) -> None:
    ledger = "0x" + "ab" * 20
    message = encode_typed_data(full_message=typed_data(terms, 2**40, ledger))
    digest = keccak(b"\x19" + message.version + message.header + message.body)
    assert digest == signing_digest(terms, 2**40, ledger)


def test_the_message_has_every_term_by_the_contract_s_names(world: World) -> None:
    terms = world.terms()
    data = typed_data(terms, 1, world.deployment.loan_ledger)
    (function,) = (entry for entry in abi("LoanLedger") if entry.get("name") == "idOf")
    names = [member["name"] for member in function["inputs"][0]["components"]]
    assert [field["name"] for field in data["types"]["LoanTerms"]] == names
    assert list(data["message"]) == names
    assert len(names) == len(fields(LoanTerms))


@given(any_terms(instalments_max=4), st.data())
def test_any_other_terms_have_another_id_and_digest(terms: LoanTerms, data: st.DataObject) -> None:
    other = data.draw(any_terms(instalments_max=4))
    name = data.draw(st.sampled_from([field.name for field in fields(LoanTerms)]))
    changed = replace(terms, **{name: getattr(other, name)})
    is_same = changed == terms
    assert (loan_id(changed) == loan_id(terms)) is is_same
    ledger = "0x" + "cd" * 20
    digests = [signing_digest(one, 5, ledger) for one in (terms, changed)]
    assert (digests[0] == digests[1]) is is_same
    assert signing_digest(terms, 6, ledger) != digests[0]
    assert signing_digest(terms, 5, "0x" + "ce" * 20) != digests[0]


@given(any_terms(instalments_max=3), st.data())
def test_a_cut_encoding_is_refused(terms: LoanTerms, data: st.DataObject) -> None:
    body = encode_terms(terms)
    cut = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(WordMalformed):
        decode_terms(body[:cut])


@pytest.mark.parametrize("word", [1, 2, 4, 7, 9, 10, 11, 13, 14, 15, 16, 18, 19])
def test_bits_outside_a_member_are_refused(world: World, word: int) -> None:
    body = bytearray(encode_terms(world.terms()))
    body[word * 32] ^= 0x80
    with pytest.raises(WordMalformed):
        decode_terms(bytes(body))


@pytest.mark.parametrize("at", [21 * 32, 21 * 32 + 32, 21 * 32 + 64, -96, -64, -32])
def test_bits_outside_a_row_s_member_are_refused(world: World, at: int) -> None:
    body = bytearray(encode_terms(world.terms()))
    body[at] ^= 0x80
    with pytest.raises(WordMalformed):
        decode_terms(bytes(body))


def test_texts() -> None:
    assert word_text(text_word("half_even")) == "half_even"
    assert word_text(text_word("x" * 31)) == "x" * 31
    for bad in ("", "x" * 32, "café", "tab\t", "nul\0"):
        with pytest.raises(TextInvalid) as refused:
            text_word(bad, "purpose")
        assert refused.value.field == "purpose"
    for word in (b"\0" * 32, b"x" * 32, b"a\0b".ljust(32, b"\0"), b"\x7f".ljust(32, b"\0"), b"a"):
        with pytest.raises(WordMalformed):
            word_text(word)


def test_dates() -> None:
    assert date_number(date(2026, 2, 1)) == 20260201
    assert number_date(20240229) == date(2024, 2, 29)
    for bad in (0, 20230229, 20261301, 20260100, 2**64 - 1):
        with pytest.raises(WordMalformed):
            number_date(bad)


def test_hex() -> None:
    assert address_bytes("0x" + "AB" * 20) == b"\xab" * 20
    for bad in ("", "ab" * 20, "0x" + "ab" * 19, "0x" + "zz" * 20, "0x" + "a " * 20):
        with pytest.raises(HexInvalid):
            address_bytes(bad)
    with pytest.raises(HexInvalid):
        hash_bytes("0x" + "ab" * 20)


def test_a_term_that_is_no_text_is_named(world: World) -> None:
    terms = replace(world.terms(), purposes=(PurposeCap("购买", 1, 1),))
    with pytest.raises(TextInvalid) as refused:
        encode_terms(terms)
    assert refused.value.field == "purpose"
