"""All options with their defaults and help: `python -m core.config > configs/default.yaml`."""

from core.config import Config
from core.config.paths import to_yaml

if __name__ == "__main__":
    print(to_yaml(Config()), end="")
