"""Write the dashboards' JSON: `python -m deploy.grafana.generate`, from the repository's root.

With --check it writes nothing and exits 1 where a committed file is not what the code makes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.committed import FOLDER
from deploy.grafana.dashboards import DASHBOARDS
from deploy.grafana.frame import built

MENU = ("placement", "inControlsMenu")
"""The SDK puts every link and toggle into a menu of the newest Grafana; ours stay in sight."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="deploy.grafana.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    if not parser.parse_args(argv).check:
        write(FOLDER)
        return 0
    wrong = differing(FOLDER)
    for name in wrong:
        sys.stderr.write(
            f"{name}: not what the code makes; run python -m deploy.grafana.generate\n"
        )
    return 1 if wrong else 0


def write(folder: Path) -> None:
    """Make the folder hold these dashboards and no other."""
    folder.mkdir(exist_ok=True)
    texts = dict(generated())
    for stale in folder.glob("*.json"):
        if stale.name not in texts:
            stale.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def differing(folder: Path) -> tuple[str, ...]:
    """Name the files that are missing, superfluous or other than what the code makes."""
    held = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    made = dict(generated())
    return tuple(sorted(name for name in held | made if held.get(name) != made.get(name)))


def generated() -> Iterator[tuple[str, str]]:
    """Give each file's name and text."""
    for board in DASHBOARDS:
        plain = json.loads(json.dumps(built(board), cls=JSONEncoder))
        text = json.dumps(_in_sight(plain), indent=2, ensure_ascii=False)
        yield f"{board.uid.removeprefix('worksforwhom-')}.json", text + "\n"


def _in_sight(held: object) -> object:
    match held:
        case dict():
            return {key: _in_sight(value) for key, value in held.items() if (key, value) != MENU}
        case list():
            return [_in_sight(value) for value in held]
        case _:
            return held


if __name__ == "__main__":
    sys.exit(main())
