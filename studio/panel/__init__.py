"""The page around the 3D scene: widgets that ask, and are painted from the engine's snapshot.

Gradio is imported below this package alone, as it reads these when it is imported or builds a page.
Its usual folder of uploads is one for all accounts of a machine. It makes clients of the network
that nothing here uses, and which fail to be made where the environment names a SOCKS proxy.
"""

import os

from studio.security.private import private_folder

os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_TEMP_DIR"] = str(private_folder())
