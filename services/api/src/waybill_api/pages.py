"""The OpenAPI document and the page that shows it. The page asks no other host for anything."""

from importlib.resources import files

import msgspec
from litestar import MediaType, Response, get

from .openapi import make_document

_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}

_DOCS = files("waybill_api") / "docs"


def _file(name: str, media_type: str) -> Response[bytes]:
    return Response((_DOCS / name).read_bytes(), media_type=media_type, headers=_HEADERS)


@get("/openapi.json", sync_to_thread=False)
def openapi_json() -> Response[bytes]:
    """The OpenAPI document."""
    return Response(msgspec.json.encode(make_document()), media_type=MediaType.JSON, headers=_HEADERS)


@get("/docs", sync_to_thread=False)
def docs() -> Response[bytes]:
    """The page."""
    return _file("index.html", "text/html")


@get("/docs/docs.css", sync_to_thread=False)
def docs_css() -> Response[bytes]:
    """How it looks."""
    return _file("docs.css", "text/css")


@get("/docs/docs.js", sync_to_thread=False)
def docs_js() -> Response[bytes]:
    """What it does."""
    return _file("docs.js", "text/javascript")


PAGES = [openapi_json, docs, docs_css, docs_js]
