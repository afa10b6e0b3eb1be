"""A pair of serial ports in one: prints the path of a pseudo-terminal, then carries bytes between it and stdin, stdout."""
import os
import select
import sys
import tty

master, slave = os.openpty()
tty.setraw(slave)
print(os.ttyname(slave), flush=True)
while True:
    ready, _, _ = select.select([0, master], [], [])
    if 0 in ready:
        data = os.read(0, 4096)
        if not data:
            sys.exit()
        os.write(master, data)
    if master in ready:
        os.write(1, os.read(master, 4096))
