"""The page around the 3D scene: widgets that ask, and are painted from the engine's snapshot."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read whenever a page is built
