"""The library under the studio: photos in, learned cameras and fields out. It knows no window.

Conventions, everywhere inside:

* OpenCV axes: +x right, +y down, +z forward, for the world and for every camera.
* ``camera_to_world`` (..., 4, 4): columns are the camera's axes and centre in the world.
* Rays pass through pixel centres: column ``i`` has x = i + 0.5. A ray's direction has camera z 1,
  so that distance along it is depth along the optical axis.
* Quaternions are ``wxyz``. Focal lengths ``fx, fy`` are pixels at a stated width and height; a
  ``ratio`` is a focal length divided by the image side it belongs to.
* Shapes in docstrings: R rays, S samples, N photos, H W image, ``...`` any batch.
"""
