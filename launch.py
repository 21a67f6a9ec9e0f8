"""nerfmm studio: photos in, cameras and novel views live, video out.

python launch.py [studio|train|evaluate|render|export|import|download|bench] ...   (--help tells)
"""

import os
import sys

# Before torch is imported: two OpenMP threads on two busy cores were measured 3 to 6 times slower
# than one. Steps are shared among worker threads of one core each instead (core.training.step).
for name, value in {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}.items():
    os.environ.setdefault(name, value)


def main() -> int:
    """Run the command that the arguments name; returns the process's exit status."""
    from studio.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
