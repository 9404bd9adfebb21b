"""The README names every setting there is."""

from __future__ import annotations

from pathlib import Path

from auth.settings import Settings

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_every_setting_is_documented() -> None:
    for field in Settings.model_fields.values():
        assert f"`{field.validation_alias}`" in README
