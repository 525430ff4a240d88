"""What ``mechanist doctor`` says about this machine."""

from mechanist.report import doctor


def test_the_state_is_one_line_of_the_doctor(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHON_JULIAPKG_PROJECT", str(tmp_path))
    line = doctor.pysr()
    assert line.startswith("PySR (optional): PySR")
    assert line.endswith("mechanist doctor --install-pysr sets it up")
    assert "\n" not in line
