"""Make media/ from photos/: the AVIF sizes that the demo ships, and index.json with size and colour by key.

python seed/make_media.py        makes what is missing
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from PIL import Image  # noqa: E402

from shop_app.services.catalog.pictures import average_colour, encode, key_of  # noqa: E402


def make(photo: Path) -> tuple[str, dict[str, object]]:
    key = key_of(photo.read_bytes())
    with Image.open(photo) as image:
        facts = {
            "file": f"photos/{photo.name}", "width": image.width, "height": image.height,
            "colour": average_colour(image),
        }  # fmt: skip
    widths = (320, 640, 960, 1440) if photo.name.startswith("hero-") else (320, 640, 960)
    for width in widths:
        target = HERE / "media" / key / f"{width}.avif"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                encode(photo, file, width, "avif", avif_speed=4)
    return key, facts


if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        index = dict(pool.map(make, sorted((HERE / "photos").glob("*.jpg"))))
    text = json.dumps(dict(sorted(index.items(), key=lambda item: str(item[1]["file"]))), indent=1)
    (HERE / "media" / "index.json").write_text(text + "\n")
    print(len(index), "pictures")
