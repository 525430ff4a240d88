"""From system.yaml to the lists of descriptors that networks and formulas see."""

from pathlib import Path

from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.layout import Layout
from mechanist.settings.load import SYSTEM_FILE
from mechanist.settings.system import SystemSettings
from mechanist.systems.build.periodic import from_openmm, to_openmm
from mechanist.systems.build.prepare import build_parts
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.labels import topology_of
from mechanist.systems.descriptors.resolve import Part, check_groups, resolve_inputs
from mechanist.systems.prepared import load


def describe(settings: SystemSettings, folder: Path, layout: Layout) -> None:
    """Write inputs.json, the descriptors that networks and formulas see.

    Parameters
    ----------
    settings, folder
        Of the system.
    layout
        Where the file goes; with a pressure, the system must have been prepared there.

    Raises
    ------
    SystemBuildError
        If a descriptor cannot be resolved.
    """
    write_json(layout.inputs, _resolve(settings, folder, layout, "inputs").to_json())


def formula_inputs(settings: SystemSettings, folder: Path, layout: Layout) -> None:
    """Write formula_inputs.json: what formulas may use beside the inputs; see `describe`."""
    further = _resolve(settings, folder, layout, "formula_inputs")
    write_json(layout.formula_inputs, further.to_json())


def _resolve(
    settings: SystemSettings,
    folder: Path,
    layout: Layout,
    part: Part,
) -> DescriptorSet:
    topology, positions, system, _ = build_parts(settings, folder)
    if settings.dynamics.pressure is not None:
        # The box is that of the run under the barostat.
        box = from_openmm(load(layout).system.getDefaultPeriodicBoxVectors())
        assert box is not None
        system.setDefaultPeriodicBoxVectors(*to_openmm(box))
        topology.setPeriodicBoxVectors(to_openmm(box))
    atoms = topology_of(topology)
    found = resolve_inputs(settings, folder / SYSTEM_FILE, atoms, box_of(system), part)
    check_groups(found, positions, folder / SYSTEM_FILE)
    return found
