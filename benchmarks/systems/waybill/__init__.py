"""Waybill as it runs in production: its own commands, roles and defaults."""

from .system import Waybill

__all__ = ["Waybill"]
