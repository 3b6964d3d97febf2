# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzz targets, their corpora and museums.

tests/fuzz/NAME_fuzz.c     the target
tests/fuzz/NAME.dict       words of its language, for libFuzzer; may be absent
tests/fuzz/corpus/NAME.tar.xz  inputs that reach all that was ever reached
tests/fuzz/museum/NAME/    inputs that once broke something, named for what
"""
import hashlib
import io
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONTROL = "control"		# crashes on purpose


def targets():
    names = [p.name[:-len("_fuzz.c")] for p in HERE.glob("*_fuzz.c")]
    return sorted(n for n in names if n != CONTROL)


def pack_path(name):
    return HERE / "corpus" / f"{name}.tar.xz"


def museum(name):
    """The files of its museum"""
    return sorted(p for p in (HERE / "museum" / name).glob("*")
                  if not p.name.startswith("."))


def dictionary(name):
    path = HERE / f"{name}.dict"
    return path if path.exists() else None


def unpack(name, directory):
    """Adds its corpus to @directory; how many inputs that is"""
    directory.mkdir(parents=True, exist_ok=True)
    if not pack_path(name).exists():
        return 0
    num = 0
    with tarfile.open(pack_path(name)) as tar:
        for member in tar:
            path = directory / Path(member.name).name
            path.write_bytes(tar.extractfile(member).read())
            num += 1
    return num


def pack(name, directory):
    """Makes the files of @directory its corpus: equal ones, equal bytes"""
    pack_path(name).parent.mkdir(exist_ok=True)
    inputs = {}
    for path in directory.iterdir():
        data = path.read_bytes()
        inputs[hashlib.sha1(data).hexdigest()[:16]] = data
    with tarfile.open(pack_path(name), "w:xz", preset=9,
                      format=tarfile.USTAR_FORMAT) as tar:
        for digest, data in sorted(inputs.items(),
                                   key=lambda i: (len(i[1]), i[0])):
            member = tarfile.TarInfo(digest)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return len(inputs)
