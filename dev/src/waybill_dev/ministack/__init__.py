"""SQS on loopback, by MiniStack in an environment of its own."""

from waybill_dev.ministack.queues import DEAD, TASKS, create_queues, delete_queues, queue_url
from waybill_dev.ministack.server import MiniStack

__all__ = ["DEAD", "TASKS", "MiniStack", "create_queues", "delete_queues", "queue_url"]
