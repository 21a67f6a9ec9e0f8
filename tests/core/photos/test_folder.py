"""A folder of pictures in, one set of equal photos out; whatever is wrong is said by name."""

import os
import socket
import struct
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from core.errors import InputError
from core.photos import load_folder, load_photos

JXL = bytes.fromhex("0000000c4a584c200d0a870a")  # how JPEG XL in boxes begins


def save(path: Path, size: tuple[int, int] = (60, 40), colour: str = "red", **options) -> Path:
    Image.new("RGB", size, colour).save(path, **options)
    return path


def names_in(folder: Path, long_side: int = 0) -> tuple[str, ...]:
    return load_folder(folder, long_side, "white").names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good photos, so that one bad file does not spoil the set."""
    save(tmp_path / "good_1.png")
    save(tmp_path / "good_2.png", colour="green")
    return tmp_path


def test_natural_order_in_any_letter_case(tmp_path: Path) -> None:
    for name in ("img_10.PNG", "img_2.jpg", "IMG_1.JPEG", "img_3.WebP", "img_4.TIF", "img_5.tiff"):
        save(tmp_path / name)
    assert names_in(tmp_path) == (
        *("IMG_1.JPEG", "img_2.jpg", "img_3.WebP", "img_4.TIF", "img_5.tiff", "img_10.PNG"),
    )


def test_odd_names_are_kept_as_they_are(tmp_path: Path) -> None:
    odd = {"été ä 日本.png", "two words.png", "semi;colon.png", "new\nline.png", "-dash.png"}
    odd.add("x" * 251 + ".png")
    for name in odd:
        save(tmp_path / name)
    photos = load_folder(tmp_path, 0, "white")
    assert set(photos.names) == odd
    assert photos.notices == ()


def test_undecodable_name_is_left_out_by_name(folder: Path) -> None:
    picture = (folder / "good_1.png").read_bytes()
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff.png")).write_bytes(picture)
    except OSError:
        pytest.skip("this file system takes only text as names")
    photos = load_folder(folder, 0, "white")
    assert photos.names == ("good_1.png", "good_2.png")
    assert "bad\\udcff.png" in photos.notices[0]
    assert photos.notices[0].isprintable()


def test_values_are_frozen(folder: Path) -> None:
    photos = load_folder(folder, 0, "white")
    assert photos.pixels.shape == (2, 40, 60, 3)
    assert photos.pixels.dtype == np.uint8
    assert photos.pixels[0, 0, 0].tolist() == [255, 0, 0]
    assert (photos.source_width, photos.source_height) == (60, 40)
    with pytest.raises(ValueError, match="read-only"):
        photos.pixels[0] = 0


@pytest.mark.parametrize(("long_side", "shape"), [(0, (40, 60)), (30, (20, 30)), (999, (40, 60))])
def test_long_side_shrinks_and_never_enlarges(folder: Path, long_side: int, shape: tuple) -> None:
    photos = load_folder(folder, long_side, "white")
    assert photos.pixels.shape[1:3] == shape
    assert (photos.source_width, photos.source_height) == (60, 40)


def bomb(path: Path) -> None:
    """A PNG whose header promises 400 million pixels and whose data is nonsense."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20000, 20000, 8, 2, 0, 0, 0))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"nonsense") + chunk(b"IEND", b"")
    )


def cut_short(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    whole = path.with_suffix(".whole")
    Image.fromarray(noise).save(whole, format="JPEG")
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 4])
    whole.unlink()


def cut_short_and_small(path: Path) -> None:
    """What is left out is not said to have been rescaled too."""
    save(path, (30, 20))
    path.write_bytes(path.read_bytes()[:-20])


def bound_socket(path: Path) -> None:
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(path.parent)  # a socket's path has room for some 100 characters
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)


@pytest.mark.parametrize(
    ("name", "make", "fault"),
    [
        (
            "text.png",
            lambda path: path.write_text("no picture"),
            "not a PNG, JPEG, WebP, TIFF or HEIC",
        ),
        ("empty.jpg", lambda path: path.touch(), "not a PNG, JPEG, WebP, TIFF or HEIC"),
        ("gif.png", lambda path: save(path, format="GIF"), "not a PNG, JPEG, WebP, TIFF or HEIC"),
        ("cut.jpg", cut_short, "damaged or cut short"),
        ("bomb.png", bomb, "more than 64 million pixels"),
        ("pipe.png", os.mkfifo, "not a regular file"),
        ("socket.png", bound_socket, "not a regular file"),
        ("device.png", lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
        ("folder.png", Path.mkdir, "not a regular file"),
        ("loop.png", lambda path: path.symlink_to(path), "cannot be opened"),
        ("gone.png", lambda path: path.symlink_to("nowhere"), "cannot be opened"),
        ("floats.tif", lambda path: Image.new("F", (60, 40)).save(path), "32-bit"),
        ("pixel.png", lambda path: save(path, size=(1, 1)), "only 1 x 1 pixels"),
        ("line.png", lambda path: save(path, size=(600, 1)), "only 600 x 1 pixels"),
        ("web.avif", lambda path: path.write_bytes(b"\0\0\0\x18ftypavif" + b"\0" * 9), ".jpeg"),
        ("cut.heic", lambda path: path.write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 9), "HEIC"),
        ("no_suffix", lambda path: save(path, format="JPEG"), "does not end in"),
        ("small_cut.jpg", cut_short_and_small, "damaged or cut short"),
        ("raw.RAF", lambda path: path.write_bytes(b"FUJIFILMCCD-RAW 0201"), "convert it to JPEG"),
        ("stream.jxl", lambda path: path.write_bytes(b"\xff\x0a" + bytes(9)), "convert it to JPEG"),
        ("box.jxl", lambda path: path.write_bytes(JXL), "convert it to JPEG"),
        ("bitmap.bmp", save, "convert it to JPEG"),
    ],
)
def test_unusable_file_is_left_out_with_one_sentence(folder, name, make, fault) -> None:
    make(folder / name)
    photos = load_folder(folder, 0, "white")
    assert photos.names == ("good_1.png", "good_2.png")
    assert photos.pixels[1, 0, 0].tolist() == [0, 128, 0]
    (notice,) = photos.notices
    assert notice.startswith(f'"{name}" was left out because')
    assert fault in notice
    assert ": " in notice and notice.endswith(".")


def test_a_bad_photo_leaves_no_gap_between_good_ones(folder: Path) -> None:
    cut_short(folder / "good_1b.jpg")
    photos = load_folder(folder, 0, "white")
    assert photos.pixels[:, 0, 0].tolist() == [[255, 0, 0], [0, 128, 0]]


def test_other_files_are_passed_over_in_silence(folder: Path) -> None:
    for name in ("transforms.json", ".DS_Store", "._good_1.png", "notes.txt", "clip.mov"):
        (folder / name).write_bytes(b"{}")
    os.mkfifo(folder / "pipe")
    (folder / "masks").mkdir()
    photos = load_folder(folder, 0, "white")
    assert photos.names == ("good_1.png", "good_2.png")
    assert photos.notices == ()


def test_a_small_picture_does_not_decide_for_photos_of_another_shape(folder: Path) -> None:
    """Among so few pixels, rounding makes every shape fit."""
    save(folder / "icon.png", size=(12, 9))
    photos = load_folder(folder, 0, "white")
    assert (photos.source_width, photos.source_height) == (60, 40)
    assert "differ in shape" in photos.notices[0]


def test_same_shape_at_another_size_is_rescaled_and_said(folder: Path) -> None:
    save(folder / "small.png", (30, 20), "blue")
    save(folder / "larger.png", (91, 60), "blue")  # within a pixel of 3:2
    photos = load_folder(folder, 0, "white")
    assert photos.names == ("good_1.png", "good_2.png", "larger.png", "small.png")
    assert photos.pixels.shape == (4, 40, 60, 3)
    assert (photos.pixels[2:] == (0, 0, 255)).all()
    assert [notice.split(" was ")[0] for notice in photos.notices] == [
        '"larger.png"',
        '"small.png"',
    ]
    assert all("rescaled" in notice for notice in photos.notices)


def test_shape_of_most_photos_wins_over_the_most_frequent_size(tmp_path: Path) -> None:
    for index, size in enumerate([(60, 40), (90, 60), (120, 80), (40, 60), (40, 60)]):
        save(tmp_path / f"{index}.png", size)
    photos = load_folder(tmp_path, 0, "white")
    assert (photos.source_width, photos.source_height) == (60, 40)
    assert photos.sizes == ((60, 40),) * 3 + ((40, 60),) * 2


def test_photos_of_other_shapes_lie_in_the_middle_of_a_canvas_that_holds_all(folder: Path) -> None:
    save(folder / "tall.png", (80, 120), "blue")
    save(folder / "wide.png", (90, 41), "yellow")
    photos = load_folder(folder, 0, "white")
    assert photos.names == ("good_1.png", "good_2.png", "tall.png", "wide.png")
    assert photos.canvas == (60, 60)
    assert photos.sizes == ((60, 40), (60, 40), (40, 60), (60, 28))
    for place, colour in enumerate([(255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 0)]):
        width, height = photos.size(place)
        picture = photos.picture(place)
        assert picture.shape == (height, width, 3) and (picture == colour).all()
        left, top = (60 - width) // 2, (60 - height) // 2
        inside = photos.pixels[place, top : top + height, left : left + width]
        assert np.shares_memory(inside, picture) and np.array_equal(inside, picture)
    (said,) = photos.notices
    assert "(2 of 60 x 40 pixels, 1 of 80 x 120, 1 of 90 x 41)" in said


def test_the_middle_of_every_photo_is_the_middle_of_the_canvas(tmp_path: Path) -> None:
    for index, size in enumerate([(61, 40), (61, 40), (33, 57), (200, 31), (9, 300)]):
        save(tmp_path / f"{index}.png", size)
    photos = load_folder(tmp_path, 47, "white")
    wide, high = photos.canvas
    assert max(photos.canvas) == 47
    for width, height in photos.sizes:
        assert (wide - width) % 2 == (high - height) % 2 == 0 and abs(max(width, height) - 47) <= 1


def test_where_what_differed_cannot_be_read_there_is_one_shape(folder: Path) -> None:
    save(folder / "tall.jpg", (40, 60), "blue")
    whole = (folder / "tall.jpg").read_bytes()
    (folder / "tall.jpg").write_bytes(whole[: len(whole) // 2])
    photos = load_folder(folder, 0, "white")
    assert photos.canvas == (60, 40) and photos.sizes == ()
    assert photos.pixels[:, 20, 30].tolist() == [[255, 0, 0], [0, 128, 0]]


def test_of_named_photos_only_these_are_read(folder: Path) -> None:
    save(folder / "tall.png", (40, 60), "blue")
    photos = load_folder(folder, 0, "white", names=("good_1.png", "good_2.png"))
    assert photos.names == ("good_1.png", "good_2.png") and photos.sizes == ()


def test_focal_length_is_the_median_and_those_of_all_are_kept(tmp_path: Path) -> None:
    for index, film in enumerate([36, 36, 72]):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0xA405] = film
        save(tmp_path / f"{index}.jpg", exif=exif)
    save(tmp_path / "unknown.jpg")
    photos = load_folder(tmp_path, 0, "white")
    assert photos.focal_ratio == pytest.approx(1.0)
    assert photos.focal_ratios == (*(pytest.approx(ratio) for ratio in (1, 1, 2)), None)
    assert photos.notices == ()


def test_no_focal_length_is_none(folder: Path) -> None:
    assert load_folder(folder, 0, "white").focal_ratio is None


def refusal(path: Path | str, long_side: int = 0) -> str:
    with pytest.raises(InputError) as caught:
        load_photos(path, long_side, "white")
    return str(caught.value)


def test_too_few_photos_are_refused_with_the_first_reason(tmp_path: Path) -> None:
    assert "0 usable photos" in refusal(tmp_path)
    save(tmp_path / "a.png")
    assert "1 usable photo " in refusal(tmp_path)
    (tmp_path / "b.png").write_text("no picture")
    assert 'the first problem: "b.png" was left out because' in refusal(tmp_path)


def test_photos_one_folder_deeper_are_hinted_at(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "instead" not in refusal(tmp_path)
    (tmp_path / "clip.mp4").touch()
    assert 'give the video "clip.mp4"' in refusal(tmp_path)
    (tmp_path / "holiday/DCIM/100APPLE").mkdir(parents=True)
    save(tmp_path / "holiday/DCIM/100APPLE/a.png")
    assert 'give the folder "DCIM/100APPLE"' in refusal(tmp_path / "holiday")


def test_of_a_datasets_root_its_images_are_hinted_at(tmp_path: Path) -> None:
    for name in ("colmap", "images", "images_2", "masks"):
        (tmp_path / name).mkdir()
        for number in range({"images": 2, "images_2": 3, "masks": 2}.get(name, 0)):
            save(tmp_path / name / f"{number}.png")
    (tmp_path / "a").symlink_to("a" * 300)  # of which nobody can say what it is
    assert 'give the folder "images"' in refusal(tmp_path)


def test_many_of_another_size_are_one_sentence(tmp_path: Path) -> None:
    for number in range(4):
        save(tmp_path / f"{number}.png")
        save(tmp_path / f"portrait_{number}.png", (40, 60))
        save(tmp_path / f"small_{number}.png", (30, 20))
    photos = load_folder(tmp_path, 0, "white")
    assert len(photos.names) == 12
    small, shapes = photos.notices
    assert "(8 of 60 x 40 pixels, 4 of 40 x 60)" in shapes
    assert small.startswith('"small_0.png" and 3 more were rescaled from 30 x 20')


def test_what_an_iphone_writes_is_read_upright(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0xA405] = 26
    left = Image.new("RGB", (40, 60), "red")
    left.paste("blue", (0, 0, 40, 30))  # stored above, shown to the right
    pillow_heif.from_pillow(left).save(folder / "IMG_1.HEIC", quality=90, exif=exif.tobytes())
    (folder / "IMG_2.HEIC").write_bytes((folder / "IMG_1.HEIC").read_bytes()[:200])
    photos = load_folder(folder, 0, "white")
    assert photos.names == ("good_1.png", "good_2.png", "IMG_1.HEIC")
    red, blue = photos.pixels[2, 20, 5], photos.pixels[2, 20, -5]
    assert red[0] > red[2] + 150 and blue[2] > blue[0] + 150
    assert photos.focal_ratios[2] == pytest.approx(26 / np.hypot(36, 24) * np.hypot(60, 40) / 60)
    (notice,) = photos.notices
    assert notice.startswith('"IMG_2.HEIC" was left out because')


def test_single_files_and_missing_folders_are_refused(folder: Path) -> None:
    (folder / "clip.MP4").touch()
    (folder / "notes.txt").touch()
    assert "single picture" in refusal(folder / "good_1.png")
    assert "is a video" in refusal(folder / "clip.MP4")
    assert "neither" in refusal(folder / "notes.txt")
    assert "does not exist" in refusal(folder / "nowhere")
    with pytest.raises(InputError, match="cannot be listed"):
        load_folder(folder / "nowhere", 0, "white")


def test_negative_long_side_is_refused(folder: Path) -> None:
    assert "negative" in refusal(folder, -1)


def test_whole_set_is_refused_before_anything_is_decoded(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("core.photos.folder.decode", lambda *_: pytest.fail("decoded"))
    for index in range(3):
        save(tmp_path / f"{index}.png")
    with pytest.raises(InputError, match="smaller long side"):
        load_folder(tmp_path, 0, "white", most_bytes=2 * 60 * 40 * 3)


def test_many_that_have_the_same_fault_are_one_sentence(folder: Path) -> None:
    for number in range(7):
        (folder / f"x{number}.heic").write_bytes(b"no picture")
    notices = load_folder(folder, 0, "white").notices
    (said,) = [notice for notice in notices if "x0.heic" in notice]
    assert said.startswith('"x0.heic" and 6 more: each was left out because it is not')
