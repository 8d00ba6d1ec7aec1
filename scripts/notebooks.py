"""Runs the notebooks of docs/notebooks anew: ``python -m scripts.notebooks [--check] [NAME…]``.

With ``--check`` nothing is written. The first cell that raises ends it, with its traceback.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

import nbformat
from nbclient import NotebookClient

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "docs" / "notebooks"
LONGEST_S: Final = 600


def run(path: Path) -> Any:
    """The notebook, executed in the project's root, without what differs from run to run."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(ROOT)}}
    NotebookClient(
        notebook, timeout=LONGEST_S, kernel_name="python3", resources=resources
    ).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # clock times
    notebook.metadata["language_info"] = {"name": "python"}  # not this machine's version
    return notebook


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="default: all")
    parser.add_argument("--check", action="store_true", help="write nothing")
    wanted = parser.parse_args()
    for path in sorted(FOLDER.glob("*.ipynb")):
        if not wanted.names or path.stem in wanted.names:
            notebook = run(path)
            if not wanted.check:
                nbformat.write(notebook, path)
            print(path.name)


if __name__ == "__main__":
    main()
