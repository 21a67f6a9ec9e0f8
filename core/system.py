"""What Unix does one way and Windows another, or not at all: asked for here and nowhere else."""

import contextlib
import ctypes
import gc
import os
import signal
import sys

try:
    import fcntl
    import resource
except ImportError:  # Windows
    ON_UNIX = False
else:
    ON_UNIX = True

ARENA_MAX = -8  # malloc.h
LOCKED = 2**30  # the byte that is locked where a lock is of bytes: far behind what is written
RESERVED = ("con", "prn", "aux", "nul", *(f"{n}{i}" for n in ("com", "lpt") for i in range(10)))


def lock(handle: int) -> None:
    """Lock an open file for this process alone, until it ends.

    Raises:
        BlockingIOError, PermissionError: another process has it.
        OSError: there are no locks on that drive.
    """
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  there alone

        os.lseek(handle, LOCKED, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    elif ON_UNIX:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def rewrite(handle: int, content: bytes) -> None:
    """Make this the whole content of an open file."""
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, content)


def content_of(handle: int, most: int = 4096) -> bytes:
    """The first bytes of an open file."""
    os.lseek(handle, 0, os.SEEK_SET)
    return os.read(handle, most)


def lives(process: int) -> bool:
    """Whether there may be such a process on this machine; on Windows asking would end it."""
    if not ON_UNIX:
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def physical_memory() -> int:
    """Bytes of the machine."""
    if sys.platform == "win32":
        numbers = (ctypes.c_uint64 * 8)(64)  # MEMORYSTATUSEX: its size, then the physical memory
        ctypes.windll.kernel32.GlobalMemoryStatusEx(numbers)
        return int(numbers[1])
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def memory_limits() -> list[int]:
    """Bytes that this process may have by limits of its own; none where there are no limits."""
    if not ON_UNIX:
        return []
    limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
    return [limit for limit in limits if limit not in (resource.RLIM_INFINITY, -1)]


def bound(memory: int, cpu_seconds: int, niceness: int) -> None:
    """Limits of this process that hold whatever its libraries do; none on Windows."""
    if not ON_UNIX:
        return
    os.nice(niceness)
    limits = {
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_CPU: (cpu_seconds, cpu_seconds + 1),
        resource.RLIMIT_CORE: (0, 0),
    }
    for limit, values in limits.items():
        with contextlib.suppress(ValueError, OSError):  # the system is stricter already
            resource.setrlimit(limit, values)


def peak_memory() -> float:
    """Bytes that this process has held at most; nan on Windows."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0 if ON_UNIX else float("nan")


def few_heaps() -> None:
    """As many heaps as threads can run at once; glibc has eight for each core, and holes in all."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(ARENA_MAX, max(2, os.cpu_count() or 1))


def settle_memory() -> None:
    """What is there now stays: who looks for garbage need not walk through half a million objects.

    Python looks once garbage is a quarter of all it knows, and stands still meanwhile.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # counts anew


def give_back_memory() -> None:
    """Return to the system what was freed but is kept for later.

    What comes and goes leaves circles, 60 KB for each browser. glibc keeps a heap for each of many
    threads, and threads that come and go with what they look at leave holes in all of them.
    """
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


def own(path: os.PathLike[str]) -> bool:
    """Whether a file is of this account; root may open everybody's."""
    return not ON_UNIX or os.lstat(path).st_uid == os.geteuid()


def ends() -> list[signal.Signals]:
    """The signals that ask for an end; a SIGHUP that nohup has this process ignore is none."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    hang_up = getattr(signal, "SIGHUP", None)
    if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:
        numbers.append(hang_up)
    return numbers
