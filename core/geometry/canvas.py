"""Where photos of several shapes lie on a canvas that holds them all: each in its middle.

So one principal point serves all of them. The sides of photos are odd or even as the canvas' are.
"""

Size = tuple[int, int]  # width and height in pixels


def window(size: Size, canvas: Size) -> tuple[slice, slice]:
    """Rows and columns of a canvas that a photo of this size has."""
    (width, height), (wide, high) = size, canvas
    left, top = (wide - width) // 2, (high - height) // 2
    return slice(top, top + height), slice(left, left + width)
