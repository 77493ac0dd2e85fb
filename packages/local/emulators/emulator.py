"""Runs an emulator's module until the parent process is gone, then ends its own process group.

usage: emulator.py MODULE [ARGUMENT...]
It must lead its own process group. Its standard input must be a pipe that only the parent writes to.
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 3


def end_with_parent():
    # Only the parent holds the other end of the pipe, so the pipe closes when the parent ends, even if it is killed.
    while os.read(0, 4096):
        pass
    group = os.getpgrp()
    os.killpg(group, signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(group, signal.SIGKILL)


if os.getpgrp() != os.getpid():
    sys.exit("emulator.py must lead its own process group, because it ends the whole group")

threading.Thread(target=end_with_parent, daemon=True).start()
del sys.path[0]  # this folder holds none of the emulator's modules
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
