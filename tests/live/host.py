# SPDX-License-Identifier: GPL-2.0-or-later
"""A host whose policy is tried, confirmed, rolled back and booted."""

import json
import os
import shutil
import subprocess
import threading
import time

from lib import frames
from lib.world import PORTWALL, World

SOURCE = "198.51.100.7"
LONGEST = 30        # seconds that anything may take on a busy machine


def policy(*ports):
    return "[allow p]\ntcp = %s\n" % ", ".join(map(str, ports))


A, B, C = policy(80), policy(443), policy(8080)
PORT = {A: 80, B: 443, C: 8080}


class Live(World):
    """Use in a with block; @remember: there is a state directory."""

    def __init__(self, *links, remember=True):
        super().__init__(*links)
        self.state_dir = os.path.join(self.dir.name, "state")
        self.remember = remember
        self.host.nft("table ip other {\n\tchain c {\n"
                      "\t\tcounter drop\n\t}\n}\n")
        self.others = self.host.nft_list("table ip other")

    def __exit__(self, *exc):
        others = self.host.nft_list("table ip other")
        super().__exit__(*exc)
        assert others == self.others, "another table was changed"

    def argv(self, command, *args):
        dirs = ["--run-dir=" + os.path.join(self.dir.name, "run")]
        if self.remember:
            dirs.append("--state-dir=" + self.state_dir)
        return [PORTWALL, command, *dirs, *args]

    def go(self, command, *args, want=0):
        """Run a command; its exit status has to be @want (None: any)."""
        done = self.host.run(self.argv(command, *args), check=False)
        assert want in (None, done.returncode), "%s: exit %d\n%s%s" % (
            " ".join((command,) + args), done.returncode, done.stdout,
            done.stderr)
        return done

    def ini(self, text, name="p.ini"):
        return self.file(name, text)

    def put(self, text, *options, want=0):
        """apply"""
        return self.go("apply", "--insecure-permissions", *options,
                       self.ini(text), want=want)

    def try_out(self, text, time="600s", *options, want=0):
        """apply --trial"""
        return self.put(text, "--trial", time, *options, want=want)

    def clear(self):
        return self.go("clear", "--yes")

    def status(self):
        return json.loads(self.go("status", "--json", want=None).stdout)

    # --- packets --------------------------------------------------------------

    def lets_in(self, port):
        link = self.first
        return self.verdict(link.name, frames.packet(
            SOURCE, link.to(4), frames.tcp(port, self.port()))) == "delivered"

    def need(self, *texts):
        """Exactly what these policies open is reachable; none: everything."""
        for port in sorted(PORT.values()):
            want = not texts or any(PORT[text] == port for text in texts)
            assert self.lets_in(port) == want, "tcp/%d is %s" % (
                port, "closed" if want else "open")

    def await_closed(self, port):
        """The kernel sends no word when the time of an element is over."""
        end = time.monotonic() + LONGEST
        while self.lets_in(port):
            assert time.monotonic() < end, "tcp/%d stays open" % port

    def reboot(self):
        """What a reboot takes away, and the boot unit"""
        self.host.run(["nft", "delete", "table", "inet", "portwall"],
                      check=False)
        shutil.rmtree(os.path.join(self.dir.name, "run"))
        os.mkdir(os.path.join(self.dir.name, "run"), 0o700)
        return self.go("boot", want=None)

    def boots_to(self, *texts):
        """A reboot would load this; none: nothing"""
        done = self.reboot()
        assert done.returncode == 0, done.stderr
        self.need(*texts)


class Transfer(threading.Thread):
    """A TCP stream into the host that must arrive whole."""

    def __init__(self, w, port):
        super().__init__(daemon=True)
        peer = w.peer()
        server = w.host.socket()
        server.bind(("10.88.0.1", port))
        server.listen()
        self.out = peer.socket()
        for sock in (server, self.out):
            sock.settimeout(LONGEST)
        self.out.connect(("10.88.0.1", port))
        self.into, _ = server.accept()
        self.into.settimeout(LONGEST)
        server.close()
        self.stopping = threading.Event()
        self.blocks, self.error = 0, None
        self.start()

    def run(self):
        block = bytes(range(256)) * 64
        try:
            while not self.stopping.is_set():
                self.out.sendall(block)
                got = self.into.recv(len(block), 0x100)     # MSG_WAITALL
                if got != block:
                    raise OSError("the transfer is damaged")
                self.blocks += 1
        except OSError as err:
            self.error = err

    def end(self):
        before, until = self.blocks, time.monotonic() + LONGEST
        while self.blocks < before + 2 and not self.error:
            assert time.monotonic() < until, "the transfer stands still"
            time.sleep(0.01)
        self.stopping.set()
        self.join()
        self.out.close()
        self.into.close()
        assert not self.error, "the transfer broke: %s" % self.error


def start(w, *args, **options):
    """A command that runs beside."""
    with w.host.entered():
        return subprocess.Popen(w.argv(*args), text=True, **options)
