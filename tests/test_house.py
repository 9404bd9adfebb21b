"""The house's own check finds what it is there to find."""

import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent / "house.py"
CLEAN = {
    "billing_api/billing/__init__.py": "",
    "billing_api/billing/one.py": "from billing import two\n",
    "billing_api/billing/two.py": "X = 1\n",
    "billing_api/tests/test_two.py": "def test_x(monkeypatch):\n    monkeypatch.setenv('A', 'b')\n",
}
PATCHES = [
    "def test(monkeypatch):\n    monkeypatch.setattr('billing.two.X', 2)\n",
    "from billing import two\ndef test(monkeypatch):\n    monkeypatch.setattr(two, 'X', 2)\n",
    "import billing.two\ndef test(monkeypatch):\n    monkeypatch.setattr(billing.two, 'X', 2)\n",
    "import billing.two as other\ndef test():\n    other.X = 2\n",
    "from billing import two\ndef test():\n    two.X += 2\n",
    "from billing import two\ndef test():\n    del two.X\n",
    "from unittest.mock import patch\n@patch('billing.two.X', 2)\ndef test():\n    pass\n",
    "from unittest import mock\ndef test():\n    with mock.patch('billing.two.X', 2): pass\n",
    "from unittest.mock import patch\nfrom billing import two\n@patch.object(two, 'X')\ndef t(): 0",
    "from billing.two import Thing\ndef test(mocker):\n    mocker.patch.object(Thing, 'run')\n",
]


def _check(root, **more):
    for name, text in (CLEAN | more).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    done = subprocess.run(
        [sys.executable, HOUSE, root], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_a_clean_house_passes_with_its_figures(tmp_path):
    code, said = _check(tmp_path)
    assert code == 0
    assert "import cycles 0, patches of our own modules in tests 0" in said
    assert "4 files" in said


@pytest.mark.parametrize("text", PATCHES)
def test_a_patch_of_our_own_module_is_found(tmp_path, text):
    code, said = _check(tmp_path, **{"tests/test_patching.py": text})
    assert code == 1
    assert "patches of our own modules in tests 1" in said


def test_a_patch_of_somebody_elses_module_is_left_alone(tmp_path):
    text = "import time\ndef test(monkeypatch):\n    monkeypatch.setattr(time, 'time', None)\n"
    assert _check(tmp_path, **{"tests/test_time.py": text})[0] == 0


def test_two_modules_that_import_each_other_are_found_even_inside_a_function(tmp_path):
    text = "def late():\n    from billing import one\n    return one\n"
    code, said = _check(tmp_path, **{"billing_api/billing/two.py": text})
    assert code == 1
    assert "import cycles 1" in said


@pytest.mark.parametrize(
    ("name", "text", "figure"),
    [
        ("docs/long.py", "X = 1\n" * 301, "files over 300 lines 1"),
        ("nginx/long.conf", "# a\n" * 301, "files over 300 lines 1"),
        ("tests/wide.py", "def wide():\n" + "    x = 1\n" * 60, "functions over 60 lines 1"),
    ],
)
def test_what_is_too_long_is_found(tmp_path, name, text, figure):
    code, said = _check(tmp_path, **{name: text})
    assert code == 1
    assert figure in said


def test_what_two_services_have_alike_is_alike():
    """They share no package, so a copy is a promise that somebody keeps."""
    copies = ("auth_api/auth/platform/orphans.py", "admin_panel/panel/site/orphans.py")
    assert len({(HOUSE.parents[1] / path).read_text() for path in copies}) == 1
