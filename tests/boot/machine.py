# SPDX-License-Identifier: GPL-2.0-or-later
"""One boot: a virtual machine, what it says, and what the scanner saw."""
import re
import select
import subprocess
import time

from .scanner import GUEST_MAC

LIMIT_S = 300
LINE = re.compile(rb"PW (\w+) ?(.*?) ?\r?$")


class Boot:
    """What came of a boot; times are of the monotonic clock of this host."""

    def __init__(self, scanner):
        self.scanner = scanner
        self.started = time.monotonic()
        self.said = []                  # (time, name, text)
        self.log = self.rest = b""
        self.status = self.ended = None

    def at(self, name):
        """When the guest said @name, None: never"""
        return next((t for t, n, _ in self.said if n == name), None)

    def texts(self, name):
        return [text for _, n, text in self.said if n == name]

    def unit(self, name):
        """Properties of a unit as systemctl told them"""
        for text in self.texts("unit"):
            said = dict(word.partition("=")[::2] for word in text.split())
            if said.get("Id") == name:
                return said
        return {}

    def answers(self, ports, until=None, since=None):
        """Those of @ports, until a marker and since another."""
        return [a for a in self.scanner.answers if a.port in ports
                and (until is None or a.time <= self.at(until))
                and (since is None or a.time > self.at(since))]

    def seconds(self, moment):
        return "-" if moment is None else "%.1f s" % (moment - self.started)


def qemu(kernel, disk, console, append, memory_mb=768):
    """The command that boots @kernel; nothing that it writes is kept"""
    return ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max",
            "-smp", "2", "-m", str(memory_mb), "-nodefaults",
            "-no-user-config", "-display", "none", "-serial",
            "file:" + console, "-no-reboot", "-kernel", kernel.image,
            "-initrd", kernel.initrd, "-append",
            "console=ttyS0 panic=-1 mitigations=off quiet " + append,
            "-drive", "file=%s,format=raw,if=virtio,cache=unsafe,snapshot=on"
            % disk]


def command(image, scanner, append):
    return [*qemu(image.kernel, image.disk, image.console,
                  "net.ifnames=0 systemd.show_status=1 " + append),
            "-netdev", scanner.netdev(), "-device",
            "virtio-net-pci,netdev=wire,romfile=,mac=" + GUEST_MAC]


def read_lines(boot, console):
    """Takes what was added to the console since the last time."""
    *lines, boot.rest = (boot.rest + console.read()).split(b"\n")
    for line in lines:
        boot.log += line + b"\n"
        match = LINE.match(line)
        if match:
            boot.said.append((time.monotonic(), match[1].decode(),
                              match[2].decode(errors="replace")))


def watch(boot, process, console):
    """Scan until the machine is off"""
    while process.poll() is None:
        select.select([boot.scanner.socket], [], [], boot.scanner.tick())
        read_lines(boot, console)
        if time.monotonic() > boot.started + LIMIT_S:
            raise TimeoutError("the machine is still on after %d s" % LIMIT_S)
    boot.ended = time.monotonic()
    read_lines(boot, console)


def start(image, scanner, append=""):
    """Boots the image's disk, and returns a Boot once the machine is off."""
    boot = Boot(scanner)
    for _ in range(3):                  # from before it is switched on
        scanner.tick()
    with open(image.console, "wb+", buffering=0) as console, \
            subprocess.Popen(command(image, scanner, append),
                             stdin=subprocess.DEVNULL) as process:
        try:
            watch(boot, process, console)
        finally:
            process.kill()
    boot.status = process.returncode
    return boot
