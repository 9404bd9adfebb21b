"""Every string of ours has its Russian and its English: none is missing, none is in the other's."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from panel.site.apps import CATALOGUE

PANEL = Path(__file__).resolve().parents[1] / "panel"
SPEAKERS = {"say", "beside", "_heading", "_item", "_mirror"}
"""Functions of which the first two arguments are the Russian and the English of one string."""
NO_WORDS = (
    r"\{% comment.*?endcomment %\}|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}"
    r"|<(style|script).*?</\1>"
)
CYRILLIC, LATIN = re.compile("[А-Яа-яЁё]"), re.compile("[A-Za-z]")


def _calls(source: str) -> Iterator[tuple[int, str, str]]:
    """Line, Russian, English of each string said in both; computed parts are left out."""
    for node in ast.walk(ast.parse(source)):
        name = getattr(getattr(node, "func", None), "id", "")
        if isinstance(node, ast.Call) and name in SPEAKERS and len(node.args) >= 2:
            russian, english = (_text(one) for one in node.args[:2])
            if russian is not None and english is not None:
                yield node.lineno, russian, english


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.JoinedStr):
        parts = [one.value for one in node.values if isinstance(one, ast.Constant)]
        return "".join(map(str, parts))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _faults(source: str) -> list[int]:
    """Lines of strings without their Russian, or with Russian where English belongs."""
    return [
        line
        for line, russian, english in _calls(source)
        # The small print beside a heading is the other language on purpose.
        if bool(CYRILLIC.search(russian)) == bool(CYRILLIC.search(english))
        or not LATIN.search(russian + english)
    ]


def _untranslated(catalogue: str) -> list[str]:
    return [
        str(entry.id)
        for entry in read_po(catalogue.splitlines(keepends=True), locale="ru")
        if entry.id and (entry.fuzzy or not CYRILLIC.search(str(entry.string)))
    ]


def test_every_string_of_ours_is_russian_and_english():
    sources = {path: path.read_text() for path in PANEL.rglob("*.py")}
    wrong = {path.name: faults for path, text in sources.items() if (faults := _faults(text))}
    assert wrong == {}
    assert sum(len(list(_calls(text))) for text in sources.values()) > 150


def test_every_string_of_unfold_that_we_lend_russian_has_it_and_none_is_fuzzy():
    assert _untranslated(CATALOGUE.read_text()) == []


@pytest.mark.parametrize("page", sorted(PANEL.rglob("*.html")), ids=lambda path: path.name)
def test_no_page_of_ours_has_words_in_one_language_alone(page):
    text = re.sub(NO_WORDS, " ", page.read_text(), flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", text, flags=re.DOTALL)
    assert bool(CYRILLIC.search(text)) == bool(re.search(r"[A-Za-z]{3,}", text)), text


def test_the_control_a_string_left_in_english_or_fuzzy_is_found():
    assert _faults('say("Payments", "Payments")\nsay("Платежи", "Payments")') == [1]
    assert _faults('say("", "Payments")\nsay("Платежи", "Платежи")\nsay("Платежи", "")') == [
        1,
        2,
        3,
    ]
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    whole = 'msgid "Next"\nmsgstr "Вперёд"\n\n'
    assert _untranslated(f'{head}{whole}msgid "Back"\nmsgstr ""\n') == ["Back"]
    assert _untranslated(f'{head}{whole}#, fuzzy\nmsgid "Back"\nmsgstr "Назад"\n') == ["Back"]
