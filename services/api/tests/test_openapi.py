"""The OpenAPI document says what the service does, and the page shows it without any other host."""

import asyncio
import re
import shutil

import jsonschema
import pytest
from openapi_spec_validator import validate
from waybill_api.openapi import make_document
from waybill_api.openapi.schemas import submit_name
from waybill_contracts import KINDS

HOOK = {"url": "https://example.test/hook"}
TEXT = {**HOOK, "body": "text"}


@pytest.fixture(scope="module")
def document():
    return make_document()


def validator_of(document, name):
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def test_the_document_is_valid_openapi(document):
    validate(document)


async def test_every_route_is_described_and_every_described_route_exists(client, document):
    described = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    for path, method in described:
        answer = await client.request(method, path.replace("{task_id}", "x"))
        problem = answer.json()
        assert problem.get("type") != "about:blank", (method, path, problem)
    assert {path for path, _ in described} == {"/tasks", "/tasks/{task_id}", "/health/live", "/health/ready"}


def test_the_body_is_one_of_the_kinds_of_the_registry(document):
    names = [each["$ref"].split("/")[-1] for each in document["components"]["schemas"]["SubmitTask"]["oneOf"]]
    assert names == [submit_name(payload) for payload in KINDS]


BODIES = [
    ({"title": "a"}, True),
    ({"title": "a", "kind": "note.process", "payload": {}, "payload_version": 1, "description": None}, True),
    ({"kind": "webhook.deliver", "payload": HOOK}, True),
    ({"kind": "webhook.deliver", "payload": {**HOOK, "body": [1]}, "title": "a"}, True),
    ({"kind": "webhook.deliver", "payload_version": 2, "payload": TEXT}, True),
    ({"kind": "webhook.deliver", "payload_version": 2, "payload": {**TEXT, "headers": {"x-a": "b"}}}, True),
    ({"kind": "webhook.deliver", "payload_version": 2, "payload": {**TEXT, "headers": {"X-A": "b"}}}, False),
    ({"kind": "webhook.deliver", "payload_version": 2, "payload": {**TEXT, "headers": {"x-a": "b "}}}, False),
    ({"kind": "webhook.deliver", "payload_version": 2, "payload": {**TEXT, "method": "GET"}}, False),
    ({"kind": "webhook.deliver", "payload_version": 2, "payload": HOOK}, False),
    ({"kind": "webhook.deliver", "payload_version": 3, "payload": TEXT}, False),
    ({"kind": "webhook.deliver", "payload": {**TEXT, "method": "PUT"}}, False),
    ({}, False),
    ({"title": ""}, False),
    ({"title": "x" * 201}, False),
    ({"title": "a", "payload": HOOK}, False),
    ({"title": "a", "colour": "red"}, False),
    ({"title": "a", "payload_version": 2}, False),
    ({"kind": "webhook.deliver"}, False),
    ({"kind": "webhook.deliver", "payload": {**HOOK, "x": 1}}, False),
    ({"kind": "webhook.deliver", "payload": {"url": "ftp://x"}}, False),
    ({"kind": "no.such", "title": "a"}, False),
]


@pytest.mark.parametrize(("body", "taken"), BODIES)
async def test_a_body_fits_the_document_if_and_only_if_it_is_accepted(client, document, body, taken):
    assert validator_of(document, "SubmitTask").is_valid(body) == taken
    assert (await client.post("/tasks", json=body)).status_code == (202 if taken else 400)


async def test_names_of_headers_that_only_words_can_forbid_are_refused_all_the_same(client, document):
    body = {"kind": "webhook.deliver", "payload_version": 2, "payload": {**TEXT, "headers": {"webhook-id": "b"}}}
    assert validator_of(document, "SubmitTask").is_valid(body)
    headers = document["components"]["schemas"]["DeliverWebhookV2"]["properties"]["headers"]
    assert "None that HTTP, the content type or the signature needs." in headers["description"]
    assert (await client.post("/tasks", json=body)).status_code == 400


async def test_every_example_is_accepted(client, document):
    examples = document["paths"]["/tasks"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert examples
    for name, example in examples.items():
        assert (await client.post("/tasks", json=example["value"])).status_code == 202, name


async def test_answers_fit_the_document(client, document):
    accepted = await client.post("/tasks", json={"title": "a"})
    validator_of(document, "TaskView").validate(accepted.json())
    validator_of(document, "TaskView").validate((await client.get(accepted.headers["location"])).json())
    validator_of(document, "TaskPage").validate((await client.get("/tasks?limit=1")).json())
    validator_of(document, "Readiness").validate((await client.get("/health/ready")).json())
    for problem in (client.post("/tasks", json={}), client.get("/tasks?limit=0"), client.get("/nope")):
        validator_of(document, "Problem").validate((await problem).json())


async def test_the_document_is_served(client, document):
    answer = await client.get("/openapi.json")
    assert (answer.headers["content-type"], answer.json()) == ("application/json", document)


async def test_the_page_and_what_it_loads_come_from_here_alone(client):
    page = await client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    texts = [page.text] + [(await client.get(path)).text for path in loaded if path.startswith("/docs/")]
    assert len(texts) == 3
    assert not [text for text in texts if re.search(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]", text)]


CHROMIUM = shutil.which("chromium")
QUIET = """
--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --virtual-time-budget=5000 --dump-dom
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
async def test_a_browser_draws_every_operation(start_server, database, tmp_path):
    server = await start_server(database.url("waybill_api"))
    command = [CHROMIUM, *QUIET.split(), f"--user-data-dir={tmp_path}", f"{server.url}/docs"]
    pipe = asyncio.subprocess.PIPE
    browser = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)
    drawn = (await asyncio.wait_for(browser.communicate(), 60))[0].decode()
    assert 'data-drawn="true"' in drawn
    assert re.findall(r'<section class="operation" id="(\w+)"', drawn) == [
        "submitTask", "listTasks", "getTask", "live", "ready",
    ]  # fmt: skip
