"""Runs an emulator's module until the process that started it is gone, then ends its whole process group.

usage: emulator.py MODULE [ARGUMENT...], as leader of a group of its own, with a pipe as standard input
"""

import os
import runpy
import signal
import sys
import threading
import time

GRACE_SECONDS = 3


def end_with_parent():
    # The other end of the pipe is held by the parent alone: its end is the parent's, whatever ended it.
    while os.read(0, 4096):
        pass
    group = os.getpgrp()
    os.killpg(group, signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(group, signal.SIGKILL)


if os.getpgrp() != os.getpid():
    sys.exit("emulator.py must lead its own process group, which it ends as a whole")

threading.Thread(target=end_with_parent, daemon=True).start()
del sys.path[0]  # this folder holds no modules of the emulator
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
