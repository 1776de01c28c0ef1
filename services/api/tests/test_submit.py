"""POST /tasks, in this process, over a real database."""

import json

import pytest

NOTE = {"title": "Complete Flow Test", "description": "Testing end-to-end process"}
HOOK = {"kind": "webhook.deliver", "payload": {"url": "https://example.test/hook", "body": {"a": [1, None]}}}
TEXT = {"kind": "webhook.deliver", "payload_version": 2, "payload": {"url": "https://example.test/", "body": "[1]\r\n"}}
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_a_note_is_accepted_with_its_location_and_can_be_read_back(client):
    answer = await client.post("/tasks", json=NOTE)
    task = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (202, f"/tasks/{task['id']}")
    assert {name: task[name] for name in ("kind", "payload_version", "payload", "status", "attempt")} == {
        "kind": "note.process",
        "payload_version": 1,
        "payload": {"include_description": True, "utc_offset_minutes": 0},
        "status": "pending",
        "attempt": 0,
    }
    assert (await client.get(answer.headers["location"])).json() == task


async def test_an_accepted_task_stands_in_the_outbox_as_its_first_dispatch(client, database):
    task_id = (await client.post("/tasks", json=NOTE)).json()["id"]
    owner = await database.connect("waybill_owner")
    rows = await owner.fetch("SELECT task_id::text, dispatch, reason, tenant FROM outbox")
    assert [tuple(row) for row in rows] == [(task_id, 1, "accept", "default")]


async def test_a_kind_other_than_the_default_may_leave_the_title_out(client):
    task = (await client.post("/tasks", json=HOOK)).json()
    assert (task["title"], task["payload"]) == ("webhook.deliver", HOOK["payload"])


async def test_options_of_a_note_are_shown_as_they_were_submitted(client):
    payload = {"include_description": False, "utc_offset_minutes": -210}
    task = (await client.post("/tasks", json={**NOTE, "payload": payload})).json()
    assert (await client.get(f"/tasks/{task['id']}")).json()["payload"] == payload


async def test_the_payload_is_stored_whole_with_its_defaults(client, database):
    payload = {"url": "https://example.test/"}
    task = (await client.post("/tasks", json={"kind": "webhook.deliver", "payload": payload})).json()
    owner = await database.connect("waybill_owner")
    stored = json.loads(await owner.fetchval("SELECT payload FROM tasks WHERE id = $1", task["id"]))
    assert stored == {"url": "https://example.test/", "body": None}


async def test_version_2_of_a_kind_is_taken_beside_version_1_and_shown_as_submitted(client):
    payload = {**TEXT["payload"], "method": "PATCH", "content_type": "text/csv", "headers": {"x-event": "a b"}}
    task = (await client.post("/tasks", json={**TEXT, "payload": payload})).json()
    shown = (await client.get(f"/tasks/{task['id']}")).json()
    assert (shown["payload_version"], shown["payload"]) == (2, payload)


async def test_a_payload_without_its_version_is_version_1_for_ever(client):
    task = (await client.post("/tasks", json={"kind": "webhook.deliver", "payload": TEXT["payload"]})).json()
    assert (task["payload_version"], task["payload"]["body"]) == (1, TEXT["payload"]["body"])


@pytest.mark.parametrize(
    ("change", "field", "rule", "detail"),
    [
        ({"body": {"a": 1}}, "payload.body", "type", "expected `str`"),
        ({"method": "GET"}, "payload.method", "enum", "'GET'"),
        ({"headers": {"webhook-id": "x"}}, "payload.headers", "pattern", "a name in it: "),
        ({"headers": {"X-Event": "x"}}, "payload.headers", "pattern", "a name in it: "),
        ({"headers": {"x-event": "a\r\nb: c"}}, "payload.headers", "pattern", "a value in it: "),
        ({"headers": {"x-event": 1}}, "payload.headers", "type", "a value in it: "),
        ({"headers": {f"x-{n}": "" for n in range(33)}}, "payload.headers", "max_length", "<= 32"),
        ({"content_type": "text"}, "payload.content_type", "pattern", "regex"),
        ({"signature": "x"}, "payload.signature", "unknown_field", "no such field"),
    ],
)
async def test_a_broken_rule_of_version_2_is_named_with_its_field(client, change, field, rule, detail):
    answer = await client.post("/tasks", json={**TEXT, "payload": {**TEXT["payload"], **change}})
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["rule"]) == (400, field, rule)
    assert error["pointer"] == "/" + field.replace(".", "/")
    assert detail in error["detail"]


@pytest.mark.parametrize(
    ("headers", "stored"),
    [
        ({"traceparent": TRACEPARENT}, TRACEPARENT),
        ({}, None),
        ({"traceparent": "garbage"}, None),
        ({"traceparent": "ff" + TRACEPARENT[2:]}, None),
        ({"traceparent": TRACEPARENT.replace("b7ad6b7169203331", "0" * 16)}, None),
        ([("traceparent", TRACEPARENT), ("traceparent", TRACEPARENT)], None),
    ],
)
async def test_a_valid_traceparent_is_stored_and_any_other_ignored(client, database, headers, stored):
    await client.post("/tasks", json=NOTE, headers=headers)
    owner = await database.connect("waybill_owner")
    assert await owner.fetchval("SELECT traceparent FROM tasks") == stored


@pytest.mark.parametrize(
    ("change", "field", "pointer", "rule"),
    [
        ({"title": None}, "title", "/title", "type"),
        ({"title": ""}, "title", "/title", "min_length"),
        ({"title": "x" * 201}, "title", "/title", "max_length"),
        ({"description": "x" * 10_001}, "description", "/description", "max_length"),
        ({"description": 1}, "description", "/description", "type"),
        ({"colour": "red"}, "colour", "/colour", "unknown_field"),
        ({"kind": 7}, "kind", "/kind", "type"),
        ({"kind": "no.such"}, "kind", "/kind", "known_kind"),
        ({"payload_version": 2}, "payload_version", "/payload_version", "known_version"),
        ({"payload_version": 0}, "payload_version", "/payload_version", "minimum"),
        ({"payload_version": 2**70}, "payload_version", "/payload_version", "maximum"),
        ({"payload_version": True}, "payload_version", "/payload_version", "type"),
        ({"payload_version": "1"}, "payload_version", "/payload_version", "type"),
        ({"payload": None}, "payload", "/payload", "type"),
        ({"payload": []}, "payload", "/payload", "type"),
        ({"payload": {"x": 1}}, "payload.x", "/payload/x", "unknown_field"),
        (
            {"payload": {"include_description": "no"}},
            "payload.include_description",
            "/payload/include_description",
            "type",
        ),
        (
            {"payload": {"utc_offset_minutes": 841}},
            "payload.utc_offset_minutes",
            "/payload/utc_offset_minutes",
            "maximum",
        ),
        (
            {"payload": {"utc_offset_minutes": -841}},
            "payload.utc_offset_minutes",
            "/payload/utc_offset_minutes",
            "minimum",
        ),
        ({**HOOK, "payload": {}}, "payload.url", "/payload/url", "required"),
        ({**HOOK, "payload": {"url": 5}}, "payload.url", "/payload/url", "type"),
        ({**HOOK, "payload": {"url": "ftp://x"}}, "payload.url", "/payload/url", "pattern"),
        ({"payload": {"url": "a b"}}, "payload.url", "/payload/url", "unknown_field"),
        (
            {**HOOK, "payload": {**HOOK["payload"], "retries": 1}},
            "payload.retries",
            "/payload/retries",
            "unknown_field",
        ),
        ({**HOOK, "payload": {**HOOK["payload"], "body": "x" * 262_144}}, "payload", "/payload", "max_bytes"),
    ],
)
async def test_a_broken_rule_is_named_with_its_field(client, change, field, pointer, rule):
    answer = await client.post("/tasks", json={**NOTE, **change})
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert [(e["field"], e["pointer"], e["rule"]) for e in problem["errors"]] == [(field, pointer, rule)]
    assert problem["errors"][0]["detail"]


@pytest.mark.parametrize("blank", [" ", "\n", "\u2028"])
@pytest.mark.parametrize("body", [HOOK, TEXT])
async def test_white_space_in_a_url_is_refused_before_its_pattern_is_tried(client, body, blank):
    """Over the longest URL that pattern takes seconds, in which nobody else is answered."""
    payload = {**body["payload"], "url": "http://" + "?" * 8000 + blank}
    [error] = (await client.post("/tasks", json={**body, "payload": payload})).json()["errors"]
    assert error == {
        "field": "payload.url", "pointer": "/payload/url", "rule": "pattern", "detail": "a URL has no white space"
    }  # fmt: skip


async def test_the_default_kind_needs_a_title(client):
    problem = (await client.post("/tasks", json={"description": "only"})).json()
    assert [(e["field"], e["rule"]) for e in problem["errors"]] == [("title", "required")]


@pytest.mark.parametrize("change", [{"title": "x" * 200}, {"description": "x" * 10_000}, {"description": None}])
async def test_a_field_at_its_limit_is_accepted(client, change):
    assert (await client.post("/tasks", json={**NOTE, **change})).status_code == 202


async def test_a_payload_at_its_limit_is_accepted(client):
    room = 262_144 - len('{"url":"https://example.test/","body":""}')
    payload = {"url": "https://example.test/", "body": "x" * room}
    assert (await client.post("/tasks", json={"kind": "webhook.deliver", "payload": payload})).status_code == 202


async def test_any_json_value_survives_the_way_through_the_database(client):
    body = {"": [0, -1, 2**63, 10**40, 1.5, 1e-7, True, None, {}], "ü\u2028\\u0000": "\U0001f600 \\u0000 \t"}
    task = (await client.post("/tasks", json={**HOOK, "payload": {**HOOK["payload"], "body": body}})).json()
    assert (await client.get(f"/tasks/{task['id']}")).json()["payload"]["body"] == body


async def test_digits_that_the_database_writes_out_count_as_payload(client):
    answer = await client.post("/tasks", json={**HOOK, "payload": {**HOOK["payload"], "body": [1e308] * 1000}})
    assert answer.json()["errors"][0]["rule"] == "max_bytes"
    few = {**HOOK, "payload": {**HOOK["payload"], "body": [1e308, 1e-308] * 100}}
    assert (await client.post("/tasks", json=few)).status_code == 202
