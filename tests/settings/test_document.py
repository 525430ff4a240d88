from mechanist.settings.document import page
from tests.conftest import REPOSITORY


def test_the_page_of_settings_is_up_to_date():
    command = "python -m mechanist.settings.document > docs/settings.md"
    assert (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8") == page(), (
        f"run: {command}"
    )
