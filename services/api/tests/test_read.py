"""GET /tasks and /tasks/{id}, in this process, over a real database."""

import base64

import pytest

CHANGES = {
    "pending": "",
    "processing": "status = 'processing', fence = 1, attempt = 1, worker = 'w', lease_until = now()",
    "completed": "status = 'completed', result = '{\"message\": \"done\"}', finished_at = now()",
    "failed": 'status = \'failed\', error = \'{"code": "permanent", "message": "no"}\', finished_at = now()',
    "cancelled": "status = 'cancelled', cancel_requested_at = now(), finished_at = now()",
}


async def submit(client, **members):
    return (await client.post("/tasks", json={"title": "a task", **members})).json()["id"]


async def become(database, task_id, status):
    owner = await database.connect("waybill_owner")
    if status in ("completed", "failed"):
        await owner.execute(f"UPDATE tasks SET {CHANGES['processing']} WHERE id = $1", task_id)
        await owner.execute(
            "UPDATE tasks SET worker = NULL, lease_until = NULL, status = 'pending' WHERE id = $1", task_id
        )
        await owner.execute("ALTER TABLE tasks DISABLE TRIGGER USER")
    if CHANGES[status]:
        await owner.execute(f"UPDATE tasks SET {CHANGES[status]} WHERE id = $1", task_id)


async def ids(client, query=""):
    answer = await client.get(f"/tasks{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    "path",
    ["0199d1d2-0000-7000-8000-000000000000", "nothing", "%00", "%ff", "..%2f", "{0199d1d2000070008000000000000000}"],
)
async def test_an_unknown_or_malformed_id_is_the_same_404(client, path):
    answer = await client.get(f"/tasks/{path}")
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (404, "urn:waybill:problem:no-such-task")
    assert problem["request_id"] == answer.headers["x-request-id"]


async def test_a_list_is_newest_first_and_empty_at_first(client):
    assert await ids(client) == []
    submitted = [await submit(client) for _ in range(3)]
    assert await ids(client) == submitted[::-1]


async def test_following_the_cursor_meets_every_task_once(client):
    submitted = [await submit(client) for _ in range(7)]
    met, query = [], "?limit=3"
    while query:
        page = (await client.get("/tasks" + query)).json()
        met += [item["id"] for item in page["items"]]
        query = page["next"] and f"?limit=3&cursor={page['next']}"
    assert met == submitted[::-1]


async def test_the_last_page_has_no_cursor_even_when_it_is_full(client):
    for _ in range(3):
        await submit(client)
    assert (await client.get("/tasks?limit=3")).json()["next"] is None


async def test_a_page_ends_early_where_payloads_are_large_and_the_cursor_goes_on(client):
    payload = {"url": "https://example.test/", "body": "x" * 262_000}
    submitted = [await submit(client, kind="webhook.deliver", payload=payload) for _ in range(18)]
    first = (await client.get("/tasks?limit=18")).json()
    rest = (await client.get(f"/tasks?limit=18&cursor={first['next']}")).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == submitted[::-1]
    assert (len(first["items"]), rest["next"]) == (17, None)


@pytest.mark.parametrize("status", list(CHANGES))
async def test_a_list_by_status_holds_the_tasks_of_that_status(client, database, status):
    tasks = {each: await submit(client) for each in CHANGES}
    for each, task_id in tasks.items():
        await become(database, task_id, each)
    assert await ids(client, f"?status={status}") == [tasks[status]]
    assert await ids(client, f"?status={status}&kind=note.process") == [tasks[status]]
    assert await ids(client, f"?status={status}&kind=webhook.deliver") == []


async def test_a_list_by_kind_holds_the_tasks_of_that_kind(client):
    await submit(client)
    hook = await submit(client, kind="webhook.deliver", payload={"url": "https://example.test/"})
    assert await ids(client, "?kind=webhook.deliver") == [hook]
    assert await ids(client, "?kind=not.known") == []


async def test_a_finished_task_shows_its_result_or_its_error(client, database):
    completed, failed = await submit(client), await submit(client)
    await become(database, completed, "completed")
    await become(database, failed, "failed")
    assert (await client.get(f"/tasks/{completed}")).json()["result"] == {"message": "done"}
    assert (await client.get(f"/tasks/{failed}")).json()["error"] == {"code": "permanent", "message": "no"}


async def hold(database, task_id, reason):
    owner = await database.connect("waybill_owner")
    await owner.execute("UPDATE tasks SET held_at = now(), held_reason = $2 WHERE id = $1", task_id, reason)


async def test_a_held_task_says_since_when_and_what_it_waits_for(client, database):
    task_id = await submit(client)
    assert (await client.get(f"/tasks/{task_id}")).json()["held"] is None
    await hold(database, task_id, "no processor reads a.b version 2 yet")
    task = (await client.get(f"/tasks/{task_id}")).json()
    assert (task["status"], task["held"]["reason"]) == ("pending", "no processor reads a.b version 2 yet")
    assert task["created_at"] < task["held"]["since"]
    assert (await client.get("/tasks")).json()["items"] == [task]


async def test_a_task_that_an_older_processor_held_has_a_reason_too(client, database):
    task_id = await submit(client)
    await hold(database, task_id, None)
    held = (await client.get(f"/tasks/{task_id}")).json()["held"]
    assert held["reason"] == "no processor reads its kind and payload version yet"


async def test_a_task_that_is_over_or_was_claimed_is_held_no_more(client, database):
    ended, running = await submit(client), await submit(client)
    await hold(database, ended, "old")
    await become(database, ended, "cancelled")
    await hold(database, running, "left by an older processor")
    owner = await database.connect("waybill_owner")
    await owner.execute("UPDATE tasks SET held_at = NULL WHERE id = $1", running)
    for task_id in (ended, running):
        assert (await client.get(f"/tasks/{task_id}")).json()["held"] is None
    assert await ids(client, "?held=true") == []


async def test_held_tasks_are_listed_page_by_page_and_by_kind(client, database):
    payload = {"url": "https://example.test/"}
    submitted = [await submit(client, kind="webhook.deliver", payload=payload) for _ in range(3)]
    await submit(client)
    for task_id in submitted:
        await hold(database, task_id, "why")
    first = (await client.get("/tasks?held=true&limit=2")).json()
    rest = (await client.get(f"/tasks?held=true&limit=2&cursor={first['next']}")).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == submitted[::-1]
    assert await ids(client, "?held=true&kind=webhook.deliver&status=pending") == submitted[::-1]
    assert await ids(client, "?held=true&kind=note.process") == []


FORGED = base64.urlsafe_b64encode(b"x" * 20).decode()


@pytest.mark.parametrize(
    ("query", "field", "rule"),
    [
        ("limit=0", "limit", "limit"),
        ("limit=201", "limit", "limit"),
        ("limit=1000000000", "limit", "limit"),
        ("limit=-1", "limit", "limit"),
        ("limit=", "limit", "limit"),
        ("limit=%D9%A3", "limit", "limit"),
        ("limit=1&limit=1", "limit", "repeated_parameter"),
        ("status=done", "status", "status"),
        ("kind=NOT", "kind", "kind"),
        ("kind=a.b%00", "kind", "kind"),
        ("kind=a.b%0a", "kind", "kind"),
        ("cursor=", "cursor", "cursor"),
        ("cursor=%C3%BC", "cursor", "cursor"),
        ("cursor=AAAA", "cursor", "cursor"),
        (f"cursor={FORGED}", "cursor", "cursor"),
        ("held=false", "held", "held"),
        ("held=", "held", "held"),
        ("held=true&held=true", "held", "repeated_parameter"),
        ("colour=red", "colour", "unknown_parameter"),
        ("status=%ff", "", "query"),
        ("&".join(f"a{n}=1" for n in range(1000)), "", "query"),
    ],
)
async def test_a_wrong_parameter_is_refused_by_its_name(client, query, field, rule):
    answer = await client.get(f"/tasks?{query}")
    assert answer.status_code == 400
    assert [(e["field"], e["rule"]) for e in answer.json()["errors"]] == [(field, rule)]


async def test_a_cursor_holds_for_its_own_status_and_kind_only(client):
    for _ in range(2):
        await submit(client)
    cursor = (await client.get("/tasks?limit=1&status=pending")).json()["next"]
    assert (await client.get(f"/tasks?limit=1&status=pending&cursor={cursor}")).status_code == 200
    assert (await client.get(f"/tasks?limit=1&status=pending&held=true&cursor={cursor}")).status_code == 400
    problem = (await client.get(f"/tasks?limit=1&cursor={cursor}")).json()
    assert problem["detail"] == "cursor: belongs to a list with another status, kind or held"


async def test_every_answer_carries_a_request_id_and_a_sane_one_is_taken_over(client):
    given = await client.get("/health/live", headers={"x-request-id": "abc-1.2_3"})
    made = await client.get("/health/live", headers={"x-request-id": "no spaces allowed"})
    assert given.headers["x-request-id"] == "abc-1.2_3"
    assert len(made.headers["x-request-id"]) == 32
