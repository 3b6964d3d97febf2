# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian system as files, and what a virtual machine boots of it.

The base system and the kernel are made once, below build/boot; each case gets
the tree in a state of its own, and a disk made of that. No loop device, no
mount.
"""
import contextlib
import glob
import gzip
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
SUITE = "bookworm"
KERNEL = "linux-image-cloud-amd64"
# What portwall is linked with, what makes networks, and the tools to look
PACKAGES = ("systemd-sysv,udev,kmod,busybox-static,ifupdown,iproute2,nftables,"
            "netbase,libnftnl11,libmnl0,libmd0,libinih1,libjansson4,libmxml1")
# Not needed to boot, and half of the size
USELESS = ("usr/share/doc", "usr/share/man", "usr/share/locale",
           "usr/share/info", "var/cache/apt", "var/lib/apt/lists",
           "usr/share/zoneinfo", "usr/share/perl")
# To see the disk before udev runs
DISK_MODULES = ("virtio_pci", "virtio_blk")
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
INIT = """#!/bin/busybox sh
export PATH=/bin
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
for module in %s; do
	busybox insmod /modules/$module
done
busybox mount -t ext4 /dev/vda /root
busybox mount --move /dev /root/dev
busybox umount /proc /sys
exec busybox switch_root /root /sbin/init
"""


def run(argv, **more):
    return subprocess.run(argv, check=True, **more)


def write(root, path, text, mode=0o644):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def mirror():
    """That which this machine's own packages of the suite come from"""
    named = os.environ.get("PW_DEBIAN_MIRROR")
    if named:
        return named
    told = run(["apt-get", "indextargets", "--format",
                "$(RELEASE) $(COMPONENT) $(SITE)"], text=True,
               stdout=subprocess.PIPE).stdout
    return next(line.split()[2] for line in told.splitlines()
                if line.startswith(SUITE + " main "))


class Image:
    """The tree that disks are made of."""

    def __init__(self, directory):
        self.dir = directory
        self.root = os.path.join(directory, "debian")
        self.kernel_dir = os.path.join(directory, "kernel")
        self.initrd = os.path.join(directory, "initrd.gz")
        self.disk = os.path.join(directory, "disk.img")
        self.console = os.path.join(directory, "console")

    def path(self, name):
        return os.path.join(self.root, name)

    @property
    def kernel(self):
        return glob.glob(self.kernel_dir + "/boot/vmlinuz-*")[0]

    # --- Once ---------------------------------------------------------------

    def make_base(self):
        os.makedirs(self.dir, exist_ok=True)
        if not os.path.exists(self.kernel_dir):
            self.unpack_kernel()
        if not os.path.exists(self.root):
            self.bootstrap()
        self.make_initrd()

    def bootstrap(self):
        fresh = self.root + ".new"
        shutil.rmtree(fresh, ignore_errors=True)
        with open(self.dir + "/debootstrap.log", "wb") as log:
            run(["debootstrap", "--variant=minbase", "--include=" + PACKAGES,
                 SUITE, fresh, mirror()], stdout=log, stderr=log)
        for useless in USELESS:
            shutil.rmtree(os.path.join(fresh, useless), ignore_errors=True)
        shutil.copytree(self.kernel_dir + "/lib/modules",
                        fresh + "/lib/modules")
        run(["depmod", "-b", fresh, os.listdir(fresh + "/lib/modules")[0]])
        os.rename(fresh, self.root)

    def unpack_kernel(self):
        """Never installed: downloaded and unpacked"""
        fresh = self.kernel_dir + ".new"
        shutil.rmtree(fresh, ignore_errors=True)
        os.makedirs(fresh)
        told = run(["apt-cache", "depends", "--important", KERNEL], text=True,
                   stdout=subprocess.PIPE).stdout
        name = told.split("Depends:")[1].split()[0]
        run(["apt-get", "-qq", "download", name], cwd=fresh,
            stderr=subprocess.DEVNULL)
        run(["dpkg-deb", "-x", glob.glob(fresh + "/*.deb")[0], fresh])
        os.rename(fresh, self.kernel_dir)

    def disk_modules(self):
        """Files to load, in this order"""
        version = os.listdir(self.path("lib/modules"))[0]
        told = run(["modprobe", "-d", self.root, "-S", version,
                    "--show-depends", "-a", *DISK_MODULES], text=True,
                   stdout=subprocess.PIPE).stdout
        files = [line.split()[1] for line in told.splitlines()
                 if line.startswith("insmod")]
        return list(dict.fromkeys(files))

    def make_initrd(self):
        tree = os.path.join(self.dir, "initrd")
        shutil.rmtree(tree, ignore_errors=True)
        for name in ("bin", "proc", "sys", "dev", "root", "modules"):
            os.makedirs(os.path.join(tree, name))
        shutil.copy(self.path("bin/busybox"), tree + "/bin/busybox")
        modules = self.disk_modules()
        for path in modules:
            shutil.copy(path, tree + "/modules")
        write(tree, "init", INIT % " ".join(map(os.path.basename, modules)),
              0o755)
        names = subprocess.run(["find", "."], cwd=tree, check=True,
                               stdout=subprocess.PIPE).stdout
        packed = run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"],
                     cwd=tree, input=names, stdout=subprocess.PIPE).stdout
        with gzip.open(self.initrd, "wb", compresslevel=1) as file:
            file.write(packed)
        shutil.rmtree(tree)

    # --- For each run -------------------------------------------------------

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

    def link(self, target, name):
        self.remove(name)
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        os.symlink(target, self.path(name))

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

    def remove(self, name):
        path = self.path(name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def remove_disk(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.disk)

    def make_disk(self):
        self.remove_disk()
        run(["mke2fs", "-qF", "-t", "ext4", "-d", self.root, "-O",
             "^has_journal", self.disk, "700M"])
