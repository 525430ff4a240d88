"""Nothing heavy is loaded before it is needed."""

import subprocess
import sys


def test_data_and_command_line_do_without_torch():
    code = (
        "import sys; import mechanist.cli.main, benchmarks.trajectory.data,"
        " mechanist.stages.restore, mechanist.trajectory.md17, mechanist.trajectory.dataset,"
        " mechanist.trajectory.superres.bridge, benchmarks.trajectory.tables,"
        " mechanist.trajectory.forecast.dynamics;"
        " print([m for m in ('torch', 'tblite', 'sympy', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
