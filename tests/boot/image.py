# SPDX-License-Identifier: GPL-2.0-or-later
"""What check-boot boots: a Debian system with services that listen.

The base system and the kernel are made once, below build/boot; each case gets
the tree in a state of its own, and a disk made of that.
"""
import glob
import os
import shutil

from .files import LIBRARIES, Tree, write
from .kernel import Kernel

HERE = os.path.dirname(os.path.abspath(__file__))
KERNEL = "linux-image-cloud-amd64"
# What makes networks, and the tools to look
PACKAGES = ("systemd-sysv,udev,kmod,busybox-static,ifupdown,iproute2,nftables,"
            "netbase," + LIBRARIES)
INTERFACES = """auto lo
iface lo inet loopback
allow-hotplug eth0
iface eth0 inet static
\taddress 192.0.2.1/24
iface eth0 inet6 static
\taddress 2001:db8::1/64
"""
NETWORKD = """[Match]
Name=eth0
[Network]
Address=192.0.2.1/24
Address=2001:db8::1/64
"""


class Image(Tree):
    """The tree, and the kernel that boots it."""

    def __init__(self, directory):
        super().__init__(directory, PACKAGES, "700M")
        self.kernel = Kernel(os.path.join(directory, "kernel"), KERNEL)
        self.console = os.path.join(directory, "console")

    def make_base(self):
        self.make()
        self.kernel.make(self.path("bin/busybox"))
        self.kernel.add_modules(self.root)

    def add_guest(self, listener):
        """Services that listen, and the one that reports"""
        write(self.root, "etc/hostname", "guest\n")
        write(self.root, "etc/fstab", "/dev/vda / ext4 defaults 0 1\n")
        write(self.root, "etc/resolv.conf", "")
        os.makedirs(self.path("opt/boot"), exist_ok=True)
        shutil.copy(listener, self.path("opt/boot/listener"))
        for path in glob.glob(HERE + "/guest/*"):
            into = "etc/systemd/system" if "." in os.path.basename(path) \
                else "opt/boot"
            shutil.copy(path, self.path(into))
        # it would take the console from the report
        self.link("/dev/null", "etc/systemd/system/serial-getty@.service")
        for unit, target in (("early.service", "sysinit"),
                             ("late.service", "multi-user"),
                             ("inetd.socket", "sockets"),
                             ("report.service", "multi-user")):
            self.enable("/etc/systemd/system/" + unit, target)

    def enable(self, unit, target):
        self.link(unit, "etc/systemd/system/%s.target.wants/%s"
                  % (target, os.path.basename(unit)))

    def disable(self, unit, target):
        self.remove("etc/systemd/system/%s.target.wants/%s" % (target, unit))

    def use_ifupdown(self):
        """eth0 is brought up by udev, whenever the device appears"""
        self.disable("systemd-networkd.service", "multi-user")
        write(self.root, "etc/network/interfaces", INTERFACES)
        self.enable("/lib/systemd/system/networking.service", "multi-user")
        self.enable("/lib/systemd/system/networking.service", "network-online")

    def use_networkd(self):
        for target in ("multi-user", "network-online"):
            self.disable("networking.service", target)
        write(self.root, "etc/network/interfaces", "")
        write(self.root, "etc/systemd/network/eth0.network", NETWORKD)
        self.enable("/lib/systemd/system/systemd-networkd.service",
                    "multi-user")
