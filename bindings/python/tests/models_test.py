"""Every result in docs/c-api.md, and what is not known yet, becomes its class."""

import datetime
import json
import re

import confab
import pytest
from confab import models

from conftest import SOURCE

PAGE = (SOURCE / "docs" / "c-api.md").read_text()


def example(name, number=0):
    return json.loads(re.findall(rf"^```json {name}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[number])


def test_events():
    events = models.events_of(example("events"))
    assert [type(event) for event in events] == [
        confab.Message, confab.Edit, confab.Reaction, confab.Redaction, confab.Membership, confab.Typing, confab.Receipts,
        confab.OtherEvent, confab.Missed]
    message, edit, reaction, redaction, membership, typing, receipts, other, missed = events
    assert (message.id, message.body, message.reactions, message.sender_name) == ("$fQ2a...", "Hello", (), None)
    assert message.time == datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    assert (edit.id, edit.target, edit.message.id, edit.message.body) == ("$e5Tz...", "$fQ2a...", "$fQ2a...", "Hello all")
    assert redaction == confab.Redaction("$r9Wd...", "!kXq3...", "@park_2:example.org", "$b7Ka...", "a slip")
    assert other == confab.OtherEvent("$t2Hv...", "!kXq3...", "@park_1:example.org", "m.room.topic")
    assert (reaction.target, reaction.key, reaction.user_id) == ("$fQ2a...", "👍", "@park_2:example.org")
    assert membership.membership == "join" and typing.users == ("@park_2:example.org",)
    assert receipts.receipts[0].event_id == "$fQ2a..." and missed.room_id is None


def test_events_of_the_outbox():
    sent, given_up = models.events_of(example("events", 1))
    assert sent == confab.OutboxSent("43.5be0c1d2e3f40516", "$fQ2a...", "@park_1:example.org")
    assert given_up == confab.OutboxGivenUp("42.5be0c1d2e3f40516", "@park_1:example.org", "forbidden")


def test_history():
    page = models.page_of(example("history"))
    message = page.messages[0]
    assert (page.end, message.formatted_body, message.reply_to, message.edited) == (
        "t47-...", "It is <em>done</em>", "$a9Zc...", True)
    assert message.reactions == (confab.Reactions("👍", ("@park_2:example.org",)),)
    assert message.encrypted is None
    hidden = page.messages[1]
    assert (hidden.kind, hidden.body, hidden.reply_to) == ("encrypted", "", "$a9Zc...")
    assert hidden.encrypted["ciphertext"] == "AwgAEnAC..." and hidden in {message, hidden}
    assert models.page_of({"messages": []}) == confab.Page((), None, None)


def test_other_results():
    assert models.user_of(example("account")).state == "active"
    assert models.findings_of(example("findings"))[0].fit is True
    assert models.reset_of(example("reset")) == confab.ResetCounts(1, 1, 0, 0, 0)
    assert [member.slug for member in models.members_of(example("members"))] == ["ana", None]
    assert models.unread_of(example("unread")) == confab.Unread(3, 1, "$fQ2a...")
    assert models.revision_of(example("revision")) == 8
    assert models.alert_of(example("alert")).alert == "homeserver_failing"
    assert models.alert_of(example("alert")).subject is None
    assert models.alert_of({**example("alert"), "subject": "@park_1:example.org"}).subject == "@park_1:example.org"
    metrics = models.metrics_of(example("metrics"))
    assert metrics.made["recovery"] == 1 and metrics.steps[0].longest == 0.04 and not metrics.admin_refused
    assert models.sent_of(example("sent")).event_id == "$fQ2a..."
    assert models.accepted_of(example("accepted")).startswith("0f5ad1c1")
    dead, = models.outbox_page_of(example("outbox")).messages
    assert (dead.state, dead.slug, dead.body, dead.reason.code) == ("dead", "picnic", "Hello", "forbidden")
    assert models.outbox_message_of(example("outbox_message")).id == "$fQ2a..."


@pytest.mark.parametrize("event", [{"event": "other", "type": "m.room.topic"}, {"event": "of a later version"},
                                   {"event": "reaction", "event_id": "$a"}])
def test_what_is_not_known_is_another_event(event):
    made, = models.events_of({"events": [event]})
    assert isinstance(made, confab.OtherEvent) and made.type == event.get("type", "")


def test_results_cannot_be_changed():
    with pytest.raises(AttributeError):
        models.sent_of(example("sent")).event_id = "$other"


@pytest.mark.parametrize("milliseconds, year", [(0, 1970), (-10**18, 1970), (10**18, 9999), (2**63 - 1, 9999)])
def test_a_time_beyond_the_calendar_is_no_error(milliseconds, year):
    assert models.time_of(milliseconds).year == year


def test_every_result_of_the_schema_has_a_reader():
    schema = json.loads((SOURCE / "capi" / "results.schema.json").read_text())["$defs"]
    read = {"done", "findings", "account", "reset", "room", "members", "unread", "sent", "message", "history", "event",
            "metrics", "events", "log", "alert", "revision", "question", "accepted", "outbox", "outbox_message"}
    assert schema.keys() == read
    assert set(schema["event"]["properties"]["event"]["enum"]) == {*models._EVENTS, "other"}
