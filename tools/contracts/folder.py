"""Writing the folder of a release: schemas, golden samples, readings, manifest."""

from pathlib import Path

import msgspec

from tools.contracts.chain import MANIFEST, Manifest, Views, sha256, written
from tools.contracts.comparison import anything, by_samples, pairs, structural
from tools.contracts.findings import Finding, refuse
from tools.contracts.history import History
from tools.contracts.readings import Readings, readings_of, refusal
from tools.contracts.versions import Version, released


def write_contracts(folder: Path, version: Version) -> None:
    """Schemas and golden samples."""
    (folder / "schemas").mkdir(parents=True)
    for name in version.writers:
        for view, schema in (("writer", version.writers[name]), ("reader", version.readers[name])):
            text = msgspec.json.format(msgspec.json.encode(schema))
            (folder / "schemas" / f"{name}.{view}.json").write_bytes(text + b"\n")
        samples = folder / "samples" / name
        samples.mkdir(parents=True)
        for sample, document in version.samples[name].items():
            (samples / f"{sample}.json").write_bytes(document)


def seal(folder: Path, version: Version, history: History) -> None:
    """Readings and manifest, which say what was tested. Raises Breaking if this release and an older one disagree."""
    made_by = next(folder.glob("*.whl"))
    everyone = [*map(released, history.releases), version]
    wheels = {**{one.version: one.wheel for one in history.releases}, version.label: made_by}
    read = {reader: {one.label: readings_of(path, one.samples) for one in everyone} for reader, path in wheels.items()}
    own = read[version.label][version.label]
    refuse_unread(version, own)
    (folder / "readings.json").write_bytes(msgspec.json.format(msgspec.json.encode(own, order="sorted")) + b"\n")
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    manifest = Manifest(
        version=version.label,
        previous=sha256((history.newest.folder / MANIFEST).read_bytes()) if history.releases else None,
        files={one.relative_to(folder).as_posix(): sha256(one.read_bytes()) for one in files},
        contracts={name: Views(*version.digests(name)) for name in version.writers},
        verified=verified(everyone, read),
        tombstones=history.tombstones,
    )
    (folder / MANIFEST).write_bytes(written(manifest.sealed()))


def refuse_unread(version: Version, own: Readings) -> None:
    """A release must read its own samples, each of them. Raises Breaking."""
    refuse(
        Finding("R7", name, "$", (f"{version.label} refuses its own golden sample {sample}.json: {why}",))
        for name, samples in own.items()
        for sample, read in samples.items()
        if (why := refusal(read)) is not None
    )


def verified(everyone: list[Version], read: dict[str, dict[str, Readings]]) -> list[tuple[str, str, str]]:
    """The pairs of digests that agree by structure and by the samples of both. Raises Breaking if one does not."""
    own = {one.label: read[one.label][one.label] for one in everyone}
    found = structural(everyone, everyone, anything)
    for writer in everyone:
        for reader in everyone:
            found += by_samples(writer, own[writer.label], reader.label, read[reader.label][writer.label], anything)
    refuse(found)
    return sorted(
        {(name, writer.digests(name)[0], reader.digests(name)[1]) for name, writer, reader in pairs(everyone, everyone)}
    )
