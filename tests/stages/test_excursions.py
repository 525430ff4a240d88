"""Data that do not determine rates."""

import pytest

from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.journal import Journal
from mechanist.settings.config import Config
from mechanist.stages.equilibrium import equilibrium
from mechanist.stages.excursions import excursions
from mechanist.stages.initial import initial
from mechanist.stages.kinetics import kinetics
from mechanist.stages.learn import learn
from mechanist.stages.shoot import shoot
from mechanist.stages.windows import windows
from tests.conftest import build

SHORT = {
    "system": "double_well",
    "seed": 2,
    "engine": {"platform": "Reference"},
    "sampling": {"workers": 1, "chains": 16, "first_round": 160, "burn_in": 1},
    "learn": {"members": 2, "hidden": [4], "steps": 50},
    "kinetics": {"runs": 2, "run_frames": 20, "shots": 100, "windows": 4, "bootstrap": 20},
}


quiet = Journal()


@pytest.mark.parametrize("leave", [True, False], ids=["short runs", "runs that never leave"])
def test_data_that_do_not_determine_rates_end_in_a_reason(leave, tmp_path):
    config, layout = Config.model_validate(SHORT), build("double_well", tmp_path)
    initial(config, layout, quiet)
    shoot(config, layout, 0, 0, quiet)
    learn(config, layout, 0, 1, quiet)
    if not leave:
        # Runs of one frame after relaxation cannot see an excursion.
        still = config.kinetics.model_copy(update={"relax": 0.95})
        config = config.model_copy(update={"kinetics": still})
    equilibrium(config, layout, 0, quiet)
    windows(config, layout, 0, 1, quiet)
    excursions(config, layout, 0, quiet)
    kinetics(config, layout, 0, quiet)
    content = read_json(layout.kinetics)
    assert content["determined"] is False
    assert content["reason"]
    assert content["k_AB_per_ps"] is None
    assert content["mean_path_duration_ps"]["value"] > 0
    assert layout.profile.read_text(encoding="utf-8").startswith("q,")
    assert layout.equilibrium_weights.is_file()
