"""HEAD, OPTIONS, and methods that a path does not take."""

import pytest
from waybill_api.pages import PAGES
from waybill_api.routes import ROUTES

ALLOWED = {
    "/tasks": "GET, HEAD, OPTIONS, POST",
    "/tasks/x": "GET, HEAD, OPTIONS",
    "/health/live": "GET, HEAD, OPTIONS",
    "/health/ready": "GET, HEAD, OPTIONS",
    "/openapi.json": "GET, HEAD, OPTIONS",
    "/docs": "GET, HEAD, OPTIONS",
    "/docs/docs.css": "GET, HEAD, OPTIONS",
    "/docs/docs.js": "GET, HEAD, OPTIONS",
}


def test_every_path_is_in_this_list():
    paths = {path for handler in (*ROUTES, *PAGES) for path in handler.paths}
    assert {path.replace("{task_id:str}", "x") for path in paths} == set(ALLOWED)


@pytest.mark.parametrize("path", ALLOWED)
async def test_options_is_answered_with_all_methods_of_the_path(client, path):
    answer = await client.options(path)
    assert (answer.status_code, answer.headers["allow"], answer.content) == (204, ALLOWED[path], b"")


@pytest.mark.parametrize("path", ALLOWED)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "QUERY", "HACK"])
async def test_a_wrong_method_is_405_and_names_the_right_ones(client, method, path):
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, ALLOWED[path])
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", [*ALLOWED, "/tasks?limit=0", "/nope"])
async def test_head_is_answered_as_get_without_the_body(client, path):
    given = {"x-request-id": "same"}
    get, head = await client.get(path, headers=given), await client.head(path, headers=given)
    assert (head.status_code, dict(head.headers)) == (get.status_code, dict(get.headers))
    assert (head.content, bool(get.content)) == (b"", True)


async def test_head_keeps_the_connection_in_step(start_server, database):
    server = await start_server(database.url("waybill_api"))
    head = b"HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answers = await server.exchange(head + head + last)
    assert answers.count(b"HTTP/1.1 200 OK") == 3
    assert answers.count(b'{"status":"live"}') == 1
