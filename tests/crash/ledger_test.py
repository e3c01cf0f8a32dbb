"""The ledger has to notice what the crash rounds look for."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from ledger import Ledger


def row(message, activity="a1", workspace="w"):
    return {"id": activity, "workspace_id": workspace, "method": "message/send", "request_body": {"params": {"message": {"messageId": message}}}}


@pytest.fixture
def ledger():
    made = Ledger()
    made.sent("m", "w", "hello")
    made.promised("m", 200, {"a": 1})
    return made


def test_a_promised_message_without_a_row_is_missing(ledger):
    assert ledger.missing() == ["m"]
    ledger.saw_row(row("m"))
    assert ledger.missing() == []


def test_a_second_row_for_a_message_is_refused(ledger):
    ledger.saw_row(row("m", "a1"))
    with pytest.raises(AssertionError, match="twice"):
        ledger.saw_row(row("m", "a2"))


def test_a_row_nobody_sent_and_a_row_in_a_wrong_mailbox_are_refused(ledger):
    with pytest.raises(AssertionError, match="nobody sent"):
        ledger.saw_row(row("other"))
    with pytest.raises(AssertionError, match="wrong mailbox"):
        ledger.saw_row(row("m", workspace="v"))


def test_a_second_result_or_answer_is_refused(ledger):
    ledger.saw_event({"event": "A2A_RESPONSE", "payload": {"message_id": "m"}})
    with pytest.raises(AssertionError, match="two results"):
        ledger.saw_event({"event": "A2A_RESPONSE", "payload": {"message_id": "m"}})
    ledger.saw_event({"event": "AGENT_MESSAGE", "payload": {"reply_to": "a1"}})
    with pytest.raises(AssertionError, match="two answers"):
        ledger.saw_event({"event": "AGENT_MESSAGE", "payload": {"reply_to": "a1"}})


def test_a_result_stays_what_it_is(ledger):
    assert ledger.promised("m", 200, {"a": 1}) == ""
    assert "first" in ledger.promised("m", 200, {"a": 2})
    assert not ledger.unanswered


def test_a_receipt_becomes_the_result_of_that_very_message():
    ledger = Ledger(poll="w")
    ledger.sent("m", "w", "hello")
    receipt = {"status": "queued", "activity_id": "a1"}
    assert ledger.promised("m", 200, receipt) == ""
    assert ledger.promised("m", 200, {"status": "queued", "activity_id": "a2"}) != ""
    assert ledger.promised("m", 200, receipt) != ""
    assert ledger.promised("m", 200, {"result": {"parts": [{"kind": "text", "text": "answer to a1"}]}}) == ""
    assert ledger.promised("m", 200, receipt) != ""
    other = Ledger(poll="w")
    other.sent("m", "w", "hello")
    other.promised("m", 200, receipt)
    assert "another" in other.promised("m", 200, {"result": "answer to a9"})
