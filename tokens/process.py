"""What every process does that holds a PIN."""

import sys


def leave_no_core():
    """A crash must not write the memory, with a PIN in it, to a disk."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
