"""What deploy/queue.yaml makes of the queue when nothing is set: the numbers that documents name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from tools.workspace import ROOT

TEMPLATE = ROOT / "deploy" / "queue.yaml"


@dataclass(frozen=True)
class Queue:
    """Names, times in seconds, and after how many receives a message is put aside."""

    name: str
    dead_letter_name: str
    visibility_seconds: int
    wait_seconds: int
    retention_seconds: int
    dead_letter_retention_seconds: int
    max_receive_count: int


class _Cloudformation(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref X` becomes {"Ref": "X"}."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.MappingNode):
        return {suffix: loader.construct_mapping(node, deep=True)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    return {suffix: loader.construct_scalar(cast("yaml.ScalarNode", node))}


cast("Any", _Cloudformation).add_multi_constructor("!", _short_form)


def read_queue(path: Path = TEMPLATE) -> Queue:
    """The queue with the template's defaults. Raises KeyError if the template names its parts otherwise."""
    template = yaml.load(path.read_text(), _Cloudformation)
    defaults = {name: one.get("Default") for name, one in template["Parameters"].items()}
    tasks, dead = (template["Resources"][name]["Properties"] for name in ("TaskQueue", "DeadLetterQueue"))
    return Queue(
        name=_resolved(tasks["QueueName"], defaults),
        dead_letter_name=_resolved(dead["QueueName"], defaults),
        visibility_seconds=_resolved(tasks["VisibilityTimeout"], defaults),
        wait_seconds=tasks["ReceiveMessageWaitTimeSeconds"],
        retention_seconds=tasks["MessageRetentionPeriod"],
        dead_letter_retention_seconds=dead["MessageRetentionPeriod"],
        max_receive_count=_resolved(tasks["RedrivePolicy"]["maxReceiveCount"], defaults),
    )


def _resolved(value: Any, defaults: dict[str, Any]) -> Any:
    match value:
        case {"Ref": name}:
            return defaults[name]
        case {"Sub": text}:
            for name, default in defaults.items():
                text = text.replace(f"${{{name}}}", str(default))
            return text
        case _:
            return value
