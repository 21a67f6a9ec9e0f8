"""The window on the library: the 3D scene and the panel on one port, and who may use them."""
