"""OpenAPI documents: what an old client sends must be taken by a new API, what that answers by the old client."""

from .documents import http_breaks

__all__ = ["http_breaks"]
