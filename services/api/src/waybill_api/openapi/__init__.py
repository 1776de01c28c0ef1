"""The OpenAPI document, made from the structs and the registry of kinds."""

from .document import make_document

__all__ = ["make_document"]
