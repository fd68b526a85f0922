"""The README and the documents tell the truth about what is there."""

import re

from django.conf import settings
from django.core.management import call_command

ROOT = settings.BASE_DIR
README = (ROOT / "README.md").read_text()


def test_every_setting_is_in_the_readme_and_no_other() -> None:
    source = (ROOT / "sfp_platform" / "settings.py").read_text()
    read = set(re.findall(r'(?:env\.\w+|required_in_production)\(\s*"([A-Z_]+)"', source))
    table = README[README.index("### Settings") :]
    told = {name for row in re.findall(r"^\| (`[^|]+) \|", table, re.M) for name in re.findall(r"`([A-Z_]+)`", row)}
    assert told == read


def test_every_make_target_named_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`?make ([a-z-]+)", README)) <= targets


def test_every_link_and_path_in_the_documents_exists() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = document.read_text()
        links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
        missing = [link for link in links if not (document.parent / link).exists()]
        paths = re.findall(
            r"`((?:sfp_platform|sessions_adhoc|billing|ocpi|partners|cpo_simulator|tests|docs)/[\w/.]+)`", text
        )
        missing += [path for path in paths if not (ROOT / path).exists()]
        assert missing == [], document


def test_the_state_diagrams_are_what_the_transitions_say() -> None:
    call_command("state_diagrams", "--check")


def test_the_guide_for_cpos_is_what_the_platform_goes_by() -> None:
    call_command("cpo_guide", "--check")
