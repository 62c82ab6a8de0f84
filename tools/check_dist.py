"""Compare what would be published with what is under version control.

usage: git ls-files | python tools/check_dist.py FOLDER

FOLDER holds one source distribution and one wheel. The source distribution must have every file but those of the repository itself; the
wheel every file of netproto/, the examples' training nets in it and, but for its metadata, nothing else.
"""

import sys
import tarfile
import zipfile
from pathlib import Path

OF_THE_REPOSITORY = (".github/", ".gitignore")


def sdist_files(folder: Path) -> set[str]:
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        return {member.name.partition("/")[2] for member in tar.getmembers() if member.isfile()}


def wheel_files(folder: Path) -> set[str]:
    (archive,) = folder.glob("*.whl")
    with zipfile.ZipFile(archive) as wheel:
        return {name for name in wheel.namelist() if ".dist-info/" not in name}


def main() -> int:
    folder = Path(sys.argv[1])
    tracked = {line.rstrip("\n") for line in sys.stdin}
    package = {name for name in tracked if name.startswith("netproto/")}
    package |= {f"netproto/{name}" for name in tracked if name.startswith("examples/") and Path(name).match("*train*.prototxt")}
    published = {name for name in tracked if not name.startswith(OF_THE_REPOSITORY)}
    wrong = {
        "missing in the source distribution": published - sdist_files(folder),
        "missing in the wheel": package - wheel_files(folder),
        "too much in the wheel": wheel_files(folder) - package,
    }
    for what, names in wrong.items():
        for name in sorted(names):
            print(f"{what}: {name}")
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
