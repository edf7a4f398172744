"""Parquet, read in a child process of limited memory and time, and handed over as CSV.

A file of 1.3 MB can hold a table of 10 GB: repeated values cost nothing on disk, and what a file declares
about its size need not be true. So the limits are the system's, and the parent never opens the file.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import ranking

MEMORY_LIMIT = 2 * 2**30
OUTPUT_LIMIT = 512 * 2**20
SECONDS = 120


def parquet_as_csv(path: Path) -> tuple[bytes, str]:
    """Return (CSV, "") or (nothing, what is wrong)."""
    command = [sys.executable, "-m", "ranking.importers.parquet_child", str(path.absolute())]
    command += [str(MEMORY_LIMIT), str(OUTPUT_LIMIT), str(SECONDS)]
    root = Path(ranking.__file__).parents[1]
    with tempfile.TemporaryFile() as output:
        try:
            done = subprocess.run(
                command, cwd=root, stdout=output, stderr=subprocess.PIPE, timeout=2 * SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return b"", f"takes longer than {SECONDS} seconds to read"
        if done.returncode == 2:
            return b"", done.stderr.decode(errors="replace").strip().splitlines()[-1]
        if done.returncode != 0:
            return b"", f"can't be read within {MEMORY_LIMIT // 2**30} GB of memory and {SECONDS} seconds"
        output.seek(0)
        return output.read(), ""
