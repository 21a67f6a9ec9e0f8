"""The core without a window: photos in, cameras and a picture out, in under a minute.

    python examples/notebook.py [PHOTOS] [OUT]

Each block below is a cell, if you like notebooks.
"""

# %% What it takes
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers share a step, operators do not
sys.path.insert(0, str(Path(__file__).parents[1]))

import cv2
import torch

from core.config import Config
from core.config.paths import changed
from core.exporting.pictures import whole_picture
from core.formats.transforms import write_transforms
from core.photos import load_photos
from core.rendering.picture import Pace
from core.training.trainer import Trainer

torch.set_num_threads(1)
BUNDLED = Path(__file__).parents[1] / "assets" / "scene" / "images"
place = Path(sys.argv[1]) if len(sys.argv) > 1 else BUNDLED
out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("runs/notebook")

# %% Photos, and the options that differ from the defaults
config = changed(Config(), {"data.photos": str(place), "data.long_side": 84})
photos = load_photos(place, config.data.long_side, config.data.alpha_background)
print(f"{len(photos.names)} photos of {photos.pixels.shape[2]} x {photos.pixels.shape[1]}")

# %% Cameras from nothing but the photos
trainer = Trainer(config, photos)
while trainer.stage == "bootstrap":
    result = trainer.train_step(workers=2)
    if trainer.step % 50 == 0:
        print(f"step {trainer.step}: loss {result.loss:.4f}")
print("\n".join(trainer.drain_messages()))

# %% A little sharper, with the chosen network beside the planes
for _ in range(60):
    trainer.train_step(workers=2)

# %% Out
out.mkdir(parents=True, exist_ok=True)
learned = trainer.learned()
write_transforms(learned.by_name, out / "transforms.json")
seen = whole_picture(learned.scene, learned.cameras[len(photos.names) // 2], Pace())
cv2.imwrite(str(out / "view.png"), (255 * seen.rgb[..., ::-1]).round().astype("uint8"))
print(f"{out / 'transforms.json'} and {out / 'view.png'}")
trainer.close()
