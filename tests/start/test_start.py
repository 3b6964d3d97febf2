# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command makes of what it is started with."""
import contextlib
import os
import re
import resource
import shutil
import stat
import struct
import subprocess
import tempfile

from netns.lib.runner import Skip, cases

from netns.faults.host import FIRST, Host
from netns.lib.need import Failure, need
from netns.lib.world import PORTWALL

PATIENCE_S = 60
NOBODY = 65534
# linux/capability.h
CAP_NET_ADMIN = 12
VFS_CAP_REVISION_2, VFS_CAP_FLAGS_EFFECTIVE = 0x02000000, 1


@contextlib.contextmanager
def host():
    one = Host(state=True)
    try:
        yield one
    finally:
        one.close()


def start(one, argv, before=None, **options):
    with one.netns.entered():
        return subprocess.Popen(argv, preexec_fn=before, **{
            "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE, **options})


def ended(process):
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, (out or b"").decode(), (err or b"").decode()


# --- descriptors 0 to 2 -------------------------------------------------------

def as_closed(*fds):
    return lambda: [os.close(fd) for fd in fds]


def as_opened(fd, path, flags):
    def before():
        new = os.open(path, flags)
        os.dup2(new, fd)
        os.close(new)
    return before


READ, WRITE = ("/dev/zero", os.O_RDONLY), ("/dev/null", os.O_WRONLY)
FULL = ("/dev/full", os.O_WRONLY)
NO_RESULT = 3       # what was asked for is done, but nobody was told


@cases(
    ("stdin closed", as_closed(0), 0), ("stdout closed", as_closed(1), 0),
    ("stderr closed", as_closed(2), 0),
    ("stdin and stdout closed", as_closed(0, 1), 0),
    ("stdout and stderr closed", as_closed(1, 2), 0),
    ("stdin and stderr closed", as_closed(0, 2), 0),
    ("all closed", as_closed(0, 1, 2), 0),
    ("stdin only for writing", as_opened(0, *WRITE), 0),
    ("stdout only for reading", as_opened(1, *READ), NO_RESULT),
    ("stderr only for reading", as_opened(2, *READ), 0),
    ("stdout full", as_opened(1, *FULL), NO_RESULT),
    ("stderr full", as_opened(2, *FULL), 0),
    ("stdout a directory", as_opened(1, "/", os.O_RDONLY), NO_RESULT),
)
def test_streams(before, status):
    """No file of ours is written to as standard output or error."""
    with host() as one:
        one.apply(0)
        done = ended(start(one, one.argv("apply", one.paths[1]), before))
        need(done[0] == status, "apply: %s" % (done,))
        need(one.in_force() == 1, "the policy is not in force")
        done = ended(start(one, one.argv("rollback"), before))
        need(done[0] == status, "rollback: %s" % (done,))
        need(one.in_force() == 0, "the policy before is not in force")
        bad = os.path.join(one.tmp.name, "bad.ini")
        with open(bad, "w", encoding="ascii") as file:
            file.write("[allow a]\ntcp = 0\n")
        done = ended(start(one, one.argv("apply", bad), before))
        need(done[0] == 2, "a wrong policy: %s" % (done,))
        with open(bad, encoding="ascii") as file:
            need(file.read() == "[allow a]\ntcp = 0\n", "it was written to")
        for argv in ([PORTWALL, "history", *one.dirs[2:]], one.argv("boot")):
            done = one.netns.run(argv, check=False)
            need(done.returncode == 0, "what is remembered: %s" % done)


# --- other descriptors --------------------------------------------------------

@contextlib.contextmanager
def watch(one, prefix=(), **options):
    process = start(one, [*prefix, *one.argv("watch", "--json")], **options)
    try:
        need(process.stdout.readline(), "the watch says nothing")
        yield process
    finally:
        process.kill()
        process.communicate()


def test_inherited_is_closed():
    """Who waits for the end of a pipe does not wait for a watch."""
    ours, theirs = os.pipe()
    with host() as one:
        one.apply(0)
        with watch(one, pass_fds=[theirs]) as process:
            os.close(theirs)
            os.set_blocking(ours, False)
            need(os.read(ours, 1) == b"", "somebody may write yet")
            need(process.poll() is None, "the watch has ended")
    os.close(ours)


def test_inherited_leaves_room():
    """Descriptors of the caller do not count against our limit."""
    with host() as one:
        fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(60)]
        limit = max(fds) + 4

        def before():
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        done = ended(start(one, one.apply_argv(1), before, pass_fds=fds))
        for fd in fds:
            os.close(fd)
        need(done[0] == 0, str(done))
        need(one.in_force() == 1, "the policy is not in force")


@cases("/dev/fd", "/proc/self/fd")
def test_pipe_by_name(place):
    """Process substitution of a shell: what to do instead is said."""
    ours, theirs = os.pipe()
    os.write(theirs, FIRST.encode())
    os.close(theirs)
    done = subprocess.run(
        [PORTWALL, "check", "%s/%d" % (place, ours)],
        pass_fds=[ours], capture_output=True, text=True, check=False,
        timeout=PATIENCE_S)
    os.close(ours)
    need(done.returncode == 2 and "it is read as -" in done.stderr, str(done))


# --- no core file -------------------------------------------------------------

def test_no_core():
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]

    def before():
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    with host() as one:
        one.apply(0)
        with watch(one, before=before) as process:
            with open("/proc/%d/limits" % process.pid,
                      encoding="ascii") as file:
                found = re.search(r"^Max core file size +(\d+) +(\d+)",
                                  file.read(), re.M)
            need(found and found.groups() == ("0", "0"), str(found))


def test_memory_is_private():
    """Root that may not look at all reads the memory of others, not ours."""
    weak = ["setpriv", "--bounding-set=-all,+net_admin", "--inh-caps=-all"]

    def readable(pid):
        return subprocess.run(
            [*weak, "cat", "/proc/%d/environ" % pid], check=False,
            capture_output=True, timeout=PATIENCE_S).returncode == 0
    with host() as one, subprocess.Popen(
            [*weak, "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        need(readable(other.pid), "not even that of cat can be read")
        one.apply(0)
        with watch(one, weak) as process:
            need(not readable(process.pid), "it can be read")


# --- environment --------------------------------------------------------------

PATHS = ("TZ", "TZDIR", "LOCPATH", "NLSPATH", "OUTPUT_CHARSET", "TEXTDOMAINDIR",
         "GCONV_PATH", "HOSTALIASES", "RESOLV_HOST_CONF", "TMPDIR", "HOME",
         "XDG_CONFIG_HOME", "MALLOC_TRACE", "PATH", "LANGUAGE")


def test_environment():
    """No file is looked for where a variable says."""
    if not shutil.which("strace"):
        raise Skip("strace is missing")
    with host() as one:
        one.apply(0)
        place = os.path.join(one.tmp.name, "elsewhere")
        env = dict.fromkeys(PATHS, place)
        env.update(LANG="de_DE.UTF-8", LC_ALL="de_DE.UTF-8",
                   LD_LIBRARY_PATH=os.environ.get("LD_LIBRARY_PATH", ""))
        strace = [shutil.which("strace"), "-f", "-qq", "-e", "trace=%file,"
                  "socket,connect"]

        def asked(argv):
            done = one.netns.run([*strace, *argv], check=False, env=env)
            calls = done.stderr.replace("execve", "")
            return done, [line for line in calls.splitlines()
                          if place in line]
        need(asked([shutil.which("date")])[1], "nothing is seen of date")
        for argv in (one.argv("status"), one.argv("open", "--for=1m",
                                                  "tcp/ssh"),
                     one.argv("rollback"), one.apply_argv(1),
                     [PORTWALL, "history", *one.dirs[2:]]):
            done, lines = asked(argv)
            need(done.returncode in (0, 3) and "exited" not in lines, str(done))
            need(not lines, "\n".join(lines))


def test_variables_are_known():
    """Every variable that the source reads is one of those that are kept."""
    source = os.path.join(os.path.dirname(__file__), "../../src")
    read = set()
    for place, _, names in os.walk(source):
        for name in names:
            with open(os.path.join(place, name), encoding="utf-8") as file:
                read.update(re.findall(r'getenv\("?(\w+)', file.read()))
    with open(os.path.join(source, "cli/start.c"), encoding="utf-8") as file:
        table = re.search(r"variables\[\] = \{(.*?)\};", file.read(), re.S)
    kept = set(re.findall(r'"(\w+)"', table.group(1)))
    need(read - {"variables"} == kept, "read %s, kept %s" % (read, kept))


# --- borrowed privileges ------------------------------------------------------

def capabilities(path):
    data = struct.pack("<IIIII", VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                       1 << CAP_NET_ADMIN, 0, 0, 0)
    os.setxattr(path, "security.capability", data)


def owned(mode):
    def change(path):
        os.chown(path, 0, 0)
        os.chmod(path, mode)
    return change


@cases(
    ("setuid", owned(0o755 | stat.S_ISUID), True),
    ("setgid", owned(0o755 | stat.S_ISGID), True),
    ("both", owned(0o755 | stat.S_ISUID | stat.S_ISGID), True),
    ("file capabilities", capabilities, True),
    ("none of them", owned(0o755), False),
)
def test_borrowed(change, refused):
    with tempfile.TemporaryDirectory() as place:
        if os.statvfs(place).f_flag & os.ST_NOSUID:
            raise Skip(place + " is mounted nosuid")
        os.chmod(place, 0o755)
        copy = os.path.join(place, "portwall")
        shutil.copy(PORTWALL, copy)
        owned(0o755)(copy)
        try:
            change(copy)
            need(os.stat(copy).st_uid == 0, "not owned by root")
        except OSError as err:
            raise Skip("not possible here: %s" % err) from err
        become = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY,
                  "--clear-groups"]
        if subprocess.run([*become, "true"], check=False,
                          capture_output=True).returncode:
            raise Skip("there is no other user here")
        done = subprocess.run([*become, copy, "--version"], check=False,
                              capture_output=True, text=True,
                              timeout=PATIENCE_S)
        if refused:
            need(done.returncode == 3 and not done.stdout and
                 "privileges of its file" in done.stderr, str(done))
        else:
            need(done.returncode == 0, str(done))
        # Root has them anyway
        done = subprocess.run([copy, "--version"], check=False,
                              capture_output=True, text=True,
                              timeout=PATIENCE_S)
        need(done.returncode == 0, str(done))
