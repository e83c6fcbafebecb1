"""What a guarded child may do to the machine: little. Linux only; each measure stands alone and none needs root.

Limits of memory, CPU time, file size and open files; no core dump; no network: a namespace of its own where the
kernel permits it, a seccomp filter without socket(2), and an audit hook that refuses in Python what slips through.
"""

import ctypes
import math
import os
import resource
import signal
import struct
import sys

MAX_FILE_BYTES = 128 * 1024 * 1024
MAX_OPEN_FILES = 64

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2

# Architecture tag of the kernel and numbers of socket, ptrace, process_vm_readv, process_vm_writev.
_SYSCALLS = {"x86_64": (0xC000003E, (41, 101, 310, 311)), "aarch64": (0xC00000B7, (198, 117, 270, 271))}
_SYSCALLS_EVERYWHERE = (425, 438)  # io_uring_setup, pidfd_getfd
_X32_ABI = 0x40000000

_NETWORK_EVENTS = frozenset(
    f"socket.{verb}"
    for verb in ("connect", "bind", "sendto", "sendmsg", "getaddrinfo", "gethostbyname", "gethostbyaddr")
)


def confine(seconds, megabytes):
    """Confine this process for good. `seconds` bounds CPU and wall time, `megabytes` the address space."""
    _limit(seconds, megabytes)
    leave_network()
    _forbid_sockets()
    sys.addaudithook(_refuse_network)


def _limit(seconds, megabytes):
    whole_seconds = math.ceil(seconds) + 1
    for what, limit in (
        (resource.RLIMIT_AS, megabytes * 1024 * 1024),
        (resource.RLIMIT_CPU, whole_seconds),
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES),
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    signal.alarm(whole_seconds)


def leave_network():
    """A network namespace without any interface: as root directly, else through a user namespace, else not."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _forbid_sockets():
    """A seccomp filter under which socket(2) and looking into other processes fail with EPERM (socketpair works)."""
    architecture, numbers = _SYSCALLS.get(os.uname().machine, (None, ()))
    if architecture is None:
        return
    program = _filter(architecture, (*numbers, *_SYSCALLS_EVERYWHERE))
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.create_string_buffer(header, len(header)), 0, 0)


def _filter(architecture, refused):
    """A classic BPF program over struct seccomp_data (number at 0, architecture at 4)."""
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    allow, deny, kill = 0x7FFF0000, 0x00050001, 0x80000000  # deny: EPERM
    steps = [(load, 0, 0, 4), (equal, 1, 0, architecture), (answer, 0, 0, kill), (load, 0, 0, 0)]
    steps.append((at_least, len(refused) + 1, 0, _X32_ABI))
    steps += [(equal, len(refused) - index, 0, number) for index, number in enumerate(refused)]
    steps += [(answer, 0, 0, allow), (answer, 0, 0, deny)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _refuse_network(event, _):
    if event in _NETWORK_EVENTS:
        raise PermissionError("a guarded child has no network")
