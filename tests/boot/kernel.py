# SPDX-License-Identifier: GPL-2.0-or-later
"""A stock kernel of Debian: downloaded and unpacked, never installed."""
import glob
import gzip
import lzma
import os
import shutil
import subprocess

from .files import run, write

# To see the disk before udev runs
DISK_MODULES = ("virtio_pci", "virtio_blk")
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
exec busybox switch_root /root ${guest_init:-/sbin/init}
"""


class Kernel:
    """One that package @meta depends on, below @directory.

    It boots the system on the first disk, whose first program is that of
    guest_init= on its command line, else /sbin/init.
    """

    def __init__(self, directory, meta):
        self.dir = directory
        self.meta = meta
        self.initrd = directory + ".initrd.gz"

    @property
    def image(self):
        return glob.glob(self.dir + "/boot/vmlinuz-*")[0]

    @property
    def version(self):
        return os.listdir(self.dir + "/lib/modules")[0]

    def make(self, busybox):
        """@busybox: a static one, for the initrd"""
        if not glob.glob(self.dir + "/lib/modules/*/modules.dep"):
            self.unpack()
        self.make_initrd(busybox)

    def unpack(self):
        fresh = self.dir + ".new"
        shutil.rmtree(fresh, ignore_errors=True)
        os.makedirs(fresh)
        told = run(["apt-cache", "depends", "--important", self.meta],
                   text=True, stdout=subprocess.PIPE).stdout
        name = told.split("Depends:")[1].split()[0]
        run(["apt-get", "-qq", "download", name], cwd=fresh,
            stderr=subprocess.DEVNULL)
        package = glob.glob(fresh + "/*.deb")[0]
        run(["dpkg-deb", "-x", package, fresh])
        os.unlink(package)
        run(["depmod", "-b", fresh, os.listdir(fresh + "/lib/modules")[0]])
        shutil.rmtree(self.dir, ignore_errors=True)
        os.rename(fresh, self.dir)

    def add_modules(self, root):
        into = os.path.join(root, "lib/modules", self.version)
        if not os.path.exists(into):
            shutil.copytree(self.dir + "/lib/modules/" + self.version, into,
                            ignore=shutil.ignore_patterns("build", "source"))

    def disk_modules(self):
        """Files to load, in this order"""
        told = run(["modprobe", "-d", self.dir, "-S", self.version,
                    "--show-depends", "-a", *DISK_MODULES], text=True,
                   stdout=subprocess.PIPE).stdout
        files = [line.split()[1] for line in told.splitlines()
                 if line.startswith("insmod")]
        return list(dict.fromkeys(files))

    def make_initrd(self, busybox):
        tree = self.dir + ".initrd"
        shutil.rmtree(tree, ignore_errors=True)
        for name in ("bin", "proc", "sys", "dev", "root", "modules"):
            os.makedirs(os.path.join(tree, name))
        shutil.copy(busybox, tree + "/bin/busybox")
        names = [copy_module(path, tree + "/modules")
                 for path in self.disk_modules()]
        write(tree, "init", INIT % " ".join(names), 0o755)
        files = subprocess.run(["find", "."], cwd=tree, check=True,
                               stdout=subprocess.PIPE).stdout
        packed = run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"],
                     cwd=tree, input=files, stdout=subprocess.PIPE).stdout
        with gzip.open(self.initrd, "wb", compresslevel=1) as file:
            file.write(packed)
        shutil.rmtree(tree)


def copy_module(path, directory):
    """Its name there; busybox knows no xz"""
    name = os.path.basename(path)
    opened = open
    if name.endswith(".xz"):
        name, opened = name[:-3], lzma.open
    with opened(path, "rb") as old, \
            open(os.path.join(directory, name), "wb") as new:
        shutil.copyfileobj(old, new)
    return name
