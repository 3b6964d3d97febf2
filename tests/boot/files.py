# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian system as files, and a disk made of them.

The base system is made once; no loop device, no mount.
"""
import contextlib
import os
import shutil
import subprocess

SUITE = "bookworm"
# What portwall is linked with
LIBRARIES = ("libnftnl11,libmnl0,libmd0,libinih1,libjansson4,libmxml1,"
             "libcap-ng0,libseccomp2")
# Not needed to boot, and half of the size
USELESS = ("usr/share/doc", "usr/share/man", "usr/share/locale",
           "usr/share/info", "var/cache/apt", "var/lib/apt/lists",
           "usr/share/zoneinfo", "usr/share/perl")


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


class Tree:
    """The tree that disks are made of, below @directory."""

    def __init__(self, directory, packages, size):
        self.dir = directory
        self.packages = packages
        self.size = size                # of the disk, as mke2fs has it
        self.root = os.path.join(directory, "debian")
        self.disk = os.path.join(directory, "disk.img")

    def path(self, name):
        return os.path.join(self.root, name)

    def make(self):
        os.makedirs(self.dir, exist_ok=True)
        if not os.path.exists(self.root):
            self.bootstrap()

    def bootstrap(self):
        fresh = self.root + ".new"
        shutil.rmtree(fresh, ignore_errors=True)
        with open(self.dir + "/debootstrap.log", "wb") as log:
            run(["debootstrap", "--variant=minbase",
                 "--include=" + self.packages, SUITE, fresh, mirror()],
                stdout=log, stderr=log)
        for useless in USELESS:
            shutil.rmtree(os.path.join(fresh, useless), ignore_errors=True)
        os.rename(fresh, self.root)

    def link(self, target, name):
        self.remove(name)
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        os.symlink(target, self.path(name))

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
             "^has_journal", self.disk, self.size])
