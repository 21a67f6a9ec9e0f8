"""nerfmm studio: photos in, cameras and novel views live, video out.

python launch.py [studio|train|evaluate|audit|render|export|import|download|bench] ...   (--help)
"""

import os
import sys

# Before torch is imported: two OpenMP threads on two busy cores were measured 3 to 6 times slower
# than one. Steps are shared among worker threads of one core each instead (core.training.step).
for name, value in {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}.items():
    os.environ.setdefault(name, value)


# Worker threads come back from torch to an interpreter that another holds for up to this long:
# with the usual 5 ms a run made 634 steps in 30 s, with .5 ms 712 (two runs each, fern).
SWITCH_SECONDS = 5e-4


def main() -> int:
    """Run the command that the arguments name; returns the process's exit status."""
    from studio.cli.parent import Parent, has_parent

    if has_parent(sys.argv[1:]):
        return Parent([sys.executable, *sys.argv]).run()
    from studio.cli.main import run

    sys.setswitchinterval(SWITCH_SECONDS)
    return run(sys.argv[1:])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # while it loads; commands that run save and end by themselves
        sys.exit(130)
