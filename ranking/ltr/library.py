"""The one place that loads LightGBM: late, and told to wait politely."""

from __future__ import annotations

import os
from typing import Any


def lightgbm() -> Any:
    """The LightGBM module, loaded at the first call.

    Late, because it takes seconds and most processes that read models or preferences never train or
    predict. With passive waiting, because its threads meet at every leaf and by default spin while they
    wait: where other processes want the same cores, 150 rounds on 800 rows took 10 s instead of 0.4 s.
    The OpenMP runtime reads the variable once, when it is loaded; whoever sets it otherwise keeps their way.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import lightgbm as module

    return module
