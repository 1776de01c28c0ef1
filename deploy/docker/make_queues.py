"""Makes the queues, from the template that AWS gets."""

from pathlib import Path

from stacks import deploy

TEMPLATE = Path(__file__).parents[1] / "queue.yaml"

deploy("waybill-queue", TEMPLATE.read_text(), {})
