"""All options with their help, for whom it takes.

``python -m core.config > configs/default.yaml`` and
``python -m core.config handbook > docs/options.md`` write what tests compare.
"""

import sys

from core.config import Config
from core.config.handbook import handbook
from core.config.paths import to_yaml

if __name__ == "__main__":
    print(handbook() if sys.argv[1:] == ["handbook"] else to_yaml(Config()), end="")
