"""A simulation of infretis in a double well, in an environment that has it and TurtleMD.

python infretis_run.py FOLDER STEPS

The potential is x^4 - 2 x^2 in kT of 1/2, A is x < -0.9 and B x > 0.6. tests/data/infretis.tar.xz
holds infretis.toml and the files order.txt of `python infretis_run.py FOLDER 1000`.
"""

import os
import sys
from pathlib import Path

import numpy as np
from infretis.bin import internalrun

INTERFACES = [-0.9, -0.75, 0.6]

TOML = """\
[runner]
workers = 1
files = ["orderp.py"]
wmdrun = [{wmdrun}]

[simulation]
interfaces = {interfaces}
steps = {steps}
seed = 1
load_dir = "load"
shooting_moves = ["sh", "sh", "sh"]

[simulation.tis_set]
maxlength = 5000
allowmaxlength = true
zero_momentum = false
n_jumps = 4

[engine]
class = "turtlemd"
engine = "turtlemd"
timestep = 0.05
temperature = 0.5
boltzmann = 1.0
subcycles = 5

[engine.integrator]
class = "LangevinInertia"
[engine.integrator.settings]
gamma = 2.0
beta = 2.0

[engine.potential]
class = "DoubleWell"
[engine.potential.settings]
a = 1.0
b = 2.0
c = 0.0

[engine.particles]
mass = [1.0]
name = ["Z"]
pos = [[-1.0]]

[engine.box]
periodic = [false]

[orderparameter]
class = "OneParticle"
module = "orderp.py"

[output]
data_dir = "./"
screen = 0
pattern = false
delete_old = true
"""

ORDER = """\
from infretis.classes.orderparameter import OrderParameter


class OneParticle(OrderParameter):
    def __init__(self):
        super().__init__(description="x, and a number that says nothing", velocity=False)

    def calculate(self, system):
        x = float(system.pos[0, 0])
        return [x, (1000 * x) % 1]
"""


def path(folder, places):
    """A first path in the files of infretis."""
    (folder / "accepted").mkdir(parents=True)
    order = ["# Cycle: 0, status: ACC, move: ('ld', 0, 0, 0)", "# Time Orderp"]
    order += [f"{i} {x:.6f} {(1000 * x) % 1:.6f}" for i, x in enumerate(places)]
    frames = [f"1\n# Box: 0.0 0.0 0.0\nZ {x:.9f} 0.0 0.0 0.0 0.0 0.0" for x in places]
    rows = ["# Step Filename Index Vel", *(f"{i} traj.xyz {i} 1" for i in range(len(places)))]
    for name, lines in (("order.txt", order), ("traj.txt", rows), ("accepted/traj.xyz", frames)):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    folder, steps = Path(sys.argv[1]), int(sys.argv[2])
    wmdrun = ", ".join(['"not used"'] * len(INTERFACES))
    text = TOML.format(wmdrun=wmdrun, interfaces=INTERFACES, steps=steps)
    (folder / "infretis.toml").write_text(text, encoding="utf-8")
    (folder / "orderp.py").write_text(ORDER, encoding="utf-8")
    path(folder / "load" / "0", [-0.85, -1.0, -1.1, -0.95, -0.85])
    for number in range(1, len(INTERFACES)):
        path(folder / "load" / str(number), np.linspace(-0.95, 0.95, 20))
    os.chdir(folder)
    internalrun("infretis.toml")


if __name__ == "__main__":
    main()
