"""Cameras that grow photo by photo from pairs, through COLMAP's mapper.

Schoenberger and Frahm, Structure-from-Motion Revisited, CVPR 2016. One thread and a fixed seed: the
same pairs give the same bits.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pycolmap

from core.search.features.found import FeatureModel
from core.search.features.twoviews import Photo

FEWEST_PHOTOS = 3  # two are never cameras: any two views agree about something
ENOUGH = 0.6  # of the photos in the largest model; where fewer are, mapping is asked more loosely
SIMPLER = 1.002  # times the squared residual that a lens without distortion may have
LENSES = (0.1, 10.0, 1.0)  # least and most focal length / longer side, and most distortion
Views = Mapping[tuple[int, int], pycolmap.TwoViewGeometry]


def new_camera(number: int, width: int, height: int) -> pycolmap.Camera:
    """SIMPLE_RADIAL: one focal length, begun as COLMAP begins, and k1; the centre is the middle."""
    model = pycolmap.CameraModelId.SIMPLE_RADIAL
    return pycolmap.Camera.create_from_model_id(
        number, model, 1.2 * max(width, height), width, height
    )


def map_photos(
    photos: Sequence[Photo], views: Views, seed: int, placed: Callable[[int], None]
) -> Iterator[list[FeatureModel]]:
    """All models so far, largest first, whenever there are better ones.

    k1 is looked for where one lens took all photos. A photo's own lens has too few points to tell
    it: free, it runs away there and takes the focal length and the place along.

    Args:
        photos: those of one camera share its object.
        views: verified pairs by numbers of photos.
        seed: of everything that is drawn.
        placed: told how many photos the model that is growing has.
    """
    best: list[FeatureModel] = []
    one_lens = len({photo.camera.camera_id for photo in photos}) == 1
    for loosely in (False, True):
        options = _options(seed, loosely)
        options.ba_refine_extra_params = one_lens
        models = _mapped(photos, views, options, placed)
        if not best or _most(models) > _most(best):
            best = models
        if best:
            yield best
        if _most(best) >= ENOUGH * len(photos):
            return


def _most(models: Sequence[FeatureModel]) -> int:
    return len(models[0].photos) if models else 0


def _options(seed: int, loosely: bool) -> pycolmap.IncrementalPipelineOptions:
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = options.mapper.num_threads = 1
    options.random_seed = options.mapper.random_seed = options.triangulation.random_seed = seed
    options.extract_colors = False
    options.min_model_size = FEWEST_PHOTOS
    if loosely:
        options.mapper.init_min_num_inliers = 40
        options.mapper.init_min_tri_angle = 4.0
        options.mapper.abs_pose_min_num_inliers = 15
        options.mapper.abs_pose_min_inlier_ratio = 0.15
        options.mapper.filter_max_reproj_error = options.mapper.init_max_error = 8.0
    return options


def _mapped(
    photos: Sequence[Photo],
    views: Views,
    options: pycolmap.IncrementalPipelineOptions,
    placed: Callable[[int], None],
) -> list[FeatureModel]:
    manager = pycolmap.ReconstructionManager()
    database = _database(photos, views)
    pipeline = pycolmap.IncrementalPipeline(options, database, manager)
    database.close()
    growing = 0

    def begun() -> None:
        nonlocal growing
        growing = 2
        placed(growing)

    def grown() -> None:
        nonlocal growing
        growing += 1
        placed(growing)

    events = pycolmap.IncrementalPipelineCallback
    pipeline.add_callback(int(events.INITIAL_IMAGE_PAIR_REG_CALLBACK), begun)
    pipeline.add_callback(int(events.NEXT_IMAGE_REG_CALLBACK), grown)
    pipeline.run()
    models = [model_of(_simplest(manager.get(row))) for row in range(manager.size())]
    return sorted(models, key=lambda model: -len(model.photos))


def _database(photos: Sequence[Photo], views: Views) -> pycolmap.Database:
    """Photos and pairs where COLMAP reads them, in memory. Its numbers count from 1."""
    database = pycolmap.Database.open(":memory:")
    rigs: dict[int, int] = {}
    for number, photo in enumerate(photos, 1):
        camera = photo.camera
        if camera.camera_id not in rigs:
            database.write_camera(camera, use_camera_id=True)
            rig = pycolmap.Rig(rig_id=camera.camera_id)
            rig.add_ref_sensor(camera.sensor_id)
            rigs[camera.camera_id] = database.write_rig(rig, use_rig_id=True)
        image = pycolmap.Image(name=f"{number:06d}", camera_id=camera.camera_id, image_id=number)
        database.write_image(image, use_image_id=True)
        frame = pycolmap.Frame(frame_id=number, rig_id=camera.camera_id)
        frame.add_data_id(image.data_id)
        database.write_frame(frame, use_frame_id=True)
        database.write_keypoints(number, photo.features.pixels)
    for (first, second), view in views.items():
        database.write_matches(first + 1, second + 1, view.inlier_matches)
        database.write_two_view_geometry(first + 1, second + 1, view)
    return database


def _simplest(found: pycolmap.Reconstruction) -> pycolmap.Reconstruction:
    """The same without distortion, where the points do not ask for it.

    Long lenses hardly show k1: free, it runs away and takes the focal length along. Neither counts
    where a lens is none that exists.
    """
    simple = pycolmap.Reconstruction(found)
    for camera in simple.cameras.values():
        camera.params = [*camera.params[:3], 0.0]
    options = pycolmap.BundleAdjustmentOptions()
    options.refine_extra_params = options.refine_principal_point = False
    options.print_summary = False
    options.ceres.solver_options.num_threads = 1
    pycolmap.bundle_adjustment(simple, options)
    if any(camera.has_bogus_params(*LENSES) for camera in simple.cameras.values()):
        return found
    squares = [np.square(model_of(each).residuals).sum() for each in (simple, found)]
    return simple if squares[0] <= SIMPLER * squares[1] else found


def _placed(image: pycolmap.Image) -> bool:
    """Whether a photo has a camera; one whose lens ran away has none."""
    camera = image.camera
    return image.has_pose and camera is not None and not camera.has_bogus_params(*LENSES)


def model_of(found: pycolmap.Reconstruction) -> FeatureModel:
    """Cameras, points and where they are seen; photos whose lens ran away are left out."""
    images = sorted(filter(_placed, found.images.values()), key=_number)
    rows = {image.image_id: row for row, image in enumerate(images)}
    poses = np.tile(np.eye(4), (len(images), 1, 1))
    lenses = np.empty((len(images), 5))
    for row, image in enumerate(images):
        poses[row, :3] = image.cam_from_world().inverse().matrix()
        focal, x, y, k1 = image.camera.params
        width, height = image.camera.width, image.camera.height
        lenses[row] = focal / width, focal / height, x / width, y / height, k1
    points = [found.points3D[key] for key in sorted(found.points3D)]
    seen, pixels, residuals = [], [], []
    for row, point in enumerate(points):
        for element in point.track.elements:
            image = found.images[element.image_id]
            if image.image_id not in rows:
                continue
            pixel = image.points2D[element.point2D_idx].xy
            shown = image.project_point(point.xyz)
            seen.append((row, rows[element.image_id]))
            camera = found.cameras[image.camera_id]
            pixels.append(pixel / (camera.width, camera.height))
            residuals.append(np.inf if shown is None else np.linalg.norm(shown - pixel))
    return FeatureModel(
        photos=np.array([_number(image) for image in images], np.int64),
        camera_to_world=poses,
        lenses=lenses,
        points=np.array([point.xyz for point in points], float).reshape(-1, 3),
        seen=np.array(seen, np.int64).reshape(-1, 2),
        pixels=np.array(pixels, np.float32).reshape(-1, 2),
        residuals=np.array(residuals, np.float32),
    )


def _number(image: pycolmap.Image) -> int:
    """Of the photo, from 0."""
    return image.image_id - 1
