"""What the test server still works on after a browser has left."""

from __future__ import annotations

import threading
import time

PATIENCE = 30.0


def wait_for_requests(patience: float = PATIENCE) -> None:
    """Wait until no thread of a live server has a connection; raise TimeoutError after `patience` seconds.

    The server has a thread for each connection; it ends once the request is answered and the browser gone.
    """
    end = time.monotonic() + patience
    # socketserver.ThreadingMixIn names its threads after what they run.
    for thread in [one for one in threading.enumerate() if "process_request_thread" in one.name]:
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            raise TimeoutError(f"after {patience:g} s somebody is still connected to the live server")
