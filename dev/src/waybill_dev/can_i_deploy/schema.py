"""What the database's revision says: expand first, contract last."""

from collections.abc import Iterator, Sequence

from waybill_dev.can_i_deploy.facts import Instance, Manifest, Row, Schema

_SUBJECT = "database"


def judge_schema(candidate: Manifest, live: Sequence[Manifest], schema: Schema) -> Iterator[Row]:
    """Rows for the candidate and for what runs beside it."""
    at = f"revision {schema.revision}" if schema.revision else "never migrated"
    yield _needs(candidate, at, schema, "deploy the migrations first")
    for other in dict.fromkeys((each.service, each.version, each.needs_revision) for each in live):
        service, version, needed = other
        if service != candidate.service and _is_older(schema, needed):
            reason = f"runs already and needs {needed}: deploy the migrations first"
            yield Row(_SUBJECT, at, f"{service}@{version}", False, reason)
    for revision, service, oldest in schema.needs:
        if service == candidate.service and is_before(candidate.version, oldest):
            reason = f"revision {revision} took away what versions before {oldest} use"
            yield Row(_SUBJECT, at, str(candidate), False, reason)


def refusals(instances: Sequence[Instance], wanted: Sequence[tuple[str, str, str]]) -> list[tuple[Instance, str, str]]:
    """Live instances that are too old for revisions to come: (instance, revision, oldest version that may run)."""
    return [
        (each, revision, oldest)
        for revision, service, oldest in wanted
        for each in instances
        if each.is_live and each.manifest.service == service and is_before(each.manifest.version, oldest)
    ]


def is_before(version: str, other: str) -> bool:
    """Whether a version such as 1.10.0 is older; what is no number in it counts as 0."""
    return _numbers(version) < _numbers(other)


def _numbers(version: str) -> list[int]:
    return [int(part) if part.isdecimal() else 0 for part in version.split(".")]


def _needs(manifest: Manifest, at: str, schema: Schema, remedy: str) -> Row:
    is_old = _is_older(schema, manifest.needs_revision)
    reason = f"needs {manifest.needs_revision}" + (f": {remedy}" if is_old else "")
    return Row(_SUBJECT, at, str(manifest), not is_old, reason)


def _is_older(schema: Schema, needed: str) -> bool:
    # Revisions are numbered with four digits, so that their order is that of their names.
    return schema.revision is None or schema.revision < needed
