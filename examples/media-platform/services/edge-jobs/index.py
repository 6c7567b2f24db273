"""Writes an index of the archive folder."""
import json
import os
import pathlib

ARCHIVE = pathlib.Path(os.environ.get("ARCHIVE_ROOT", "/archive"))
TARGET = pathlib.Path(os.environ.get("STATE_DIR", "/var/lib/edge-jobs")) / "index.json"


def entries():
    for path in sorted(ARCHIVE.rglob("*")):
        if path.is_file():
            stat = path.stat()
            yield {"path": str(path.relative_to(ARCHIVE)), "bytes": stat.st_size, "changed": int(stat.st_mtime)}


draft = TARGET.with_suffix(".new")
draft.write_text(json.dumps(list(entries())))
draft.replace(TARGET)
