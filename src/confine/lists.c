// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lists: which system calls belong together, and which do harm.
 *
 * ROW is what was seen of a command of today with glibc 2.36; tests/confine
 * wants to see each of them again. KIN does the same for another libc, an older
 * or newer one or another architecture (arm64 has openat where x86 has open).
 */
#include "confine/lists.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "portwall/own.h"

#define ROW(call, ...) { SCMP_SYS(call), __VA_ARGS__, 0 }
#define KIN(call, ...) { SCMP_SYS(call), __VA_ARGS__, 1 }

#define NETLINK (ROUTE | RULES | TELL | PACKETS)

const struct call_row call_rows[] = {
	ROW(brk, THINK), ROW(munmap, THINK), ROW(mremap, THINK),
	ROW(madvise, THINK), ROW(sysinfo, THINK), ROW(getrandom, THINK),
	ROW(futex, THINK), KIN(futex_time64, THINK), KIN(futex_waitv, THINK),
	KIN(uname, THINK), KIN(prlimit64, THINK), KIN(getrlimit, THINK),
	KIN(ugetrlimit, THINK), KIN(sched_getaffinity, THINK),
	KIN(sched_yield, THINK), KIN(getcpu, THINK), KIN(arch_prctl, THINK),

	/* of the vDSO, if there is one */
	KIN(clock_gettime, THINK), KIN(clock_gettime64, THINK),
	KIN(clock_getres, THINK), KIN(clock_getres_time64, THINK),
	KIN(gettimeofday, THINK), KIN(time, THINK),

	ROW(read, THINK), ROW(write, THINK), KIN(readv, THINK),
	KIN(writev, THINK), ROW(close, THINK), KIN(close_range, THINK),
	ROW(lseek, THINK), KIN(_llseek, THINK), ROW(fcntl, THINK),
	KIN(fcntl64, THINK), KIN(dup, THINK), KIN(dup2, THINK),
	KIN(dup3, THINK), ROW(newfstatat, THINK), KIN(fstatat64, THINK),
	KIN(fstat, THINK), KIN(fstat64, THINK), KIN(stat, THINK),
	KIN(stat64, THINK), KIN(lstat, THINK), KIN(lstat64, THINK),
	KIN(statx, THINK),

	ROW(exit_group, THINK), KIN(exit, THINK), KIN(restart_syscall, THINK),
	KIN(rt_sigreturn, THINK), ROW(rt_sigprocmask, THINK),
	ROW(rt_sigaction, THINK), KIN(sigaltstack, THINK),
	KIN(tgkill, THINK), KIN(tkill, THINK), ROW(getpid, THINK),
	KIN(gettid, THINK), ROW(getuid, THINK), ROW(geteuid, THINK),
	KIN(getgid, THINK), KIN(getegid, THINK), KIN(getppid, THINK),
	ROW(capget, THINK), ROW(capset, THINK), ROW(prctl, THINK),

	ROW(seccomp, START),

	ROW(access, FILES), KIN(faccessat, FILES), KIN(faccessat2, FILES),
	ROW(readlink, FILES), ROW(readlinkat, FILES), ROW(getdents64, FILES),
	KIN(getdents, FILES), ROW(getcwd, FILES), KIN(pread64, FILES),
	KIN(preadv, FILES), KIN(statfs, FILES), KIN(statfs64, FILES),
	KIN(fstatfs, FILES), KIN(fstatfs64, FILES), KIN(fadvise64, FILES),
	KIN(fadvise64_64, FILES), KIN(poll, FILES | EVENTS | NETLINK),
	ROW(ppoll, FILES | EVENTS | NETLINK),
	KIN(ppoll_time64, FILES | EVENTS | NETLINK),

	ROW(mmap, CODE), KIN(mmap2, CODE), KIN(mprotect, CODE),

	ROW(openat, STORE), KIN(open, STORE), KIN(openat2, STORE),
	ROW(mkdirat, STORE), ROW(mkdir, STORE), ROW(renameat, STORE),
	ROW(rename, STORE), KIN(renameat2, STORE), ROW(unlinkat, STORE),
	ROW(unlink, STORE), KIN(rmdir, STORE), ROW(ftruncate, STORE),
	KIN(ftruncate64, STORE), ROW(pwrite64, STORE), KIN(pwritev, STORE),
	ROW(fsync, STORE), KIN(fdatasync, STORE), ROW(flock, STORE),
	ROW(fchmod, STORE), KIN(fchmodat, STORE), KIN(chmod, STORE),
	ROW(symlinkat, STORE), KIN(symlink, STORE), ROW(umask, STORE),

	ROW(bind, NETLINK), ROW(getsockname, NETLINK),
	ROW(setsockopt, NETLINK), KIN(getsockopt, NETLINK),
	ROW(sendto, NETLINK), KIN(sendmsg, NETLINK), ROW(recvmsg, NETLINK),
	ROW(recvfrom, NETLINK),
	ROW(connect, TELL | PACKETS),

	/* and before what somebody else has changed meanwhile is read again */
	ROW(clock_nanosleep, EVENTS | NETLINK),
	KIN(clock_nanosleep_time64, EVENTS | NETLINK),
	KIN(nanosleep, EVENTS | NETLINK), ROW(signalfd4, EVENTS), KIN(signalfd, EVENTS),
	KIN(select, EVENTS), KIN(pselect6, EVENTS),
	KIN(pselect6_time64, EVENTS),

	ROW(wait4, WORKERS), KIN(waitid, WORKERS),
	/* only where a worker fails, or is stopped while it looks */
	KIN(kill, WORKERS),
	ROW(pipe2, WORKERS), KIN(pipe, WORKERS), KIN(fork, WORKERS),
	KIN(vfork, WORKERS), ROW(set_robust_list, WORKERS),
	ROW(rseq, WORKERS), KIN(set_tid_address, WORKERS),
	/* its flags cannot be seen: refused, and clone comes instead */
	KIN(clone3, 0),

	ROW(listen, PACKETS), ROW(sched_setaffinity, PACKETS),
	ROW(sendmmsg, PACKETS), ROW(epoll_create1, PACKETS),
	ROW(epoll_ctl, PACKETS), ROW(epoll_wait, PACKETS),
	KIN(epoll_pwait, PACKETS), KIN(epoll_pwait2, PACKETS),
	ROW(recvmmsg, PACKETS), KIN(recvmmsg_time64, PACKETS),
	KIN(shutdown, PACKETS), ROW(membarrier, PACKETS),

	ROW(unshare, SPACES), ROW(setns, SPACES),

	ROW(bpf, PROGRAMS),
};
const size_t num_call_rows = PW_ARRAY_SIZE(call_rows);

#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | \
		    CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | \
		    CLONE_NEWCGROUP)
#define WRITES (O_ACCMODE | O_CREAT | O_TRUNC)
#define TCGETS2_X86 0x802c542a	/* asm-generic/ioctls.h: of glibc 2.42 */

const struct arg_row arg_rows[] = {
	ROW(mmap, 2, WITHOUT, PROT_EXEC, 0, 0, THINK),
	KIN(mmap2, 2, WITHOUT, PROT_EXEC, 0, 0, THINK),
	ROW(mprotect, 2, WITHOUT, PROT_EXEC, 0, 0, THINK),
	ROW(openat, 2, WITHOUT, WRITES, 0, 0, FILES),
	KIN(open, 1, WITHOUT, WRITES, 0, 0, FILES),
	ROW(clone, 0, WITHOUT, NAMESPACES, 0, 0, WORKERS),

	/* is it a terminal, and how wide? Never: type as if the user did */
	ROW(ioctl, 1, IS, TCGETS, 0, 0, THINK),
	KIN(ioctl, 1, IS, TCGETS2_X86, 0, 0, THINK),
	KIN(ioctl, 1, IS, TIOCGWINSZ, 0, 0, THINK),
	ROW(ioctl, 1, IS, TIOCSTI, 0, 0, 0),
	ROW(ioctl, 1, IS, SIOCGIFNAME, 0, 0, PACKETS),
	ROW(ioctl, 1, IS, SIOCGIFINDEX, 0, 0, PACKETS),
	ROW(ioctl, 1, IS, SIOCGIFHWADDR, 0, 0, PACKETS),

	ROW(socket, 0, IS, AF_NETLINK, 2, NETLINK_ROUTE, ROUTE | PACKETS),
	ROW(socket, 0, IS, AF_NETLINK, 2, NETLINK_NETFILTER, RULES | PACKETS),
	ROW(socket, 0, IS, AF_NETLINK, 2, NETLINK_SOCK_DIAG, RULES | PACKETS),
	ROW(socket, 0, IS, AF_UNIX, 0, 0, TELL | PACKETS),
	ROW(socket, 0, IS, AF_INET, 0, 0, PACKETS),
	ROW(socket, 0, IS, AF_INET6, 0, 0, PACKETS),
	ROW(socket, 0, IS, AF_PACKET, 0, 0, PACKETS),
	ROW(socket, 0, ABOVE, AF_PACKET, 0, 0, 0),
};
const size_t num_arg_rows = PW_ARRAY_SIZE(arg_rows);

#define HARM(call) SCMP_SYS(call)

const int harmful_calls[] = {
	/* another program */
	HARM(execve), HARM(execveat),
	/* other processes */
	HARM(ptrace), HARM(process_vm_readv), HARM(process_vm_writev),
	HARM(kcmp), HARM(pidfd_getfd), HARM(process_madvise),
	/* the kernel itself */
	HARM(init_module), HARM(finit_module), HARM(delete_module),
	HARM(create_module), HARM(kexec_load), HARM(kexec_file_load),
	HARM(reboot), HARM(iopl), HARM(ioperm), HARM(perf_event_open),
	HARM(bpf), HARM(userfaultfd), HARM(lookup_dcookie), HARM(syslog),
	HARM(io_uring_setup), HARM(io_uring_enter), HARM(io_uring_register),
	/* other networks, file systems and roots */
	HARM(unshare), HARM(setns),
	HARM(mount), HARM(umount), HARM(umount2), HARM(pivot_root),
	HARM(chroot), HARM(open_tree), HARM(move_mount), HARM(fsopen),
	HARM(fsconfig), HARM(fsmount), HARM(fspick), HARM(mount_setattr),
	HARM(swapon), HARM(swapoff), HARM(quotactl), HARM(acct),
	HARM(open_by_handle_at), HARM(mknod), HARM(mknodat),
	/* keys */
	HARM(add_key), HARM(request_key), HARM(keyctl),
	/* clocks and names of the host */
	HARM(settimeofday), HARM(clock_settime), HARM(clock_adjtime),
	HARM(adjtimex), HARM(stime), HARM(sethostname), HARM(setdomainname),
	/* other users */
	HARM(setuid), HARM(setgid), HARM(setreuid), HARM(setregid),
	HARM(setresuid), HARM(setresgid), HARM(setgroups), HARM(setfsuid),
	HARM(setfsgid), HARM(chown), HARM(fchown), HARM(lchown),
	HARM(fchownat),
};
const size_t num_harmful_calls = PW_ARRAY_SIZE(harmful_calls);
