# A pseudo-terminal under a name of its own: what comes on standard input goes out there, and what
# is typed there comes out on standard output. Says "ready" on standard error once it is there.

import os
import pty
import select
import sys
import tty

name = sys.argv[1]
# The other end stays open, so that a program that closes it ends nothing.
master, slave = pty.openpty()
tty.setraw(slave)
os.symlink(os.ttyname(slave), name)
sys.stderr.write("ready\n")
sys.stderr.flush()
try:
    while True:
        for ready in select.select([master, 0], [], [])[0]:
            data = os.read(ready, 4096)
            if not data:
                sys.exit(0)
            os.write(1 if ready == master else master, data)
finally:
    os.unlink(name)
