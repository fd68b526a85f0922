"""`manage.py state_diagrams`: draws `docs/states.md` from the transitions of the models."""

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Model
from django_fsm import FSMField

DOCUMENT = settings.BASE_DIR / "docs" / "states.md"
HEAD = """# States

Each model below is moved by its transitions only, and by the one module that its docstring names. This page is drawn
from them by `manage.py state_diagrams`; `--check` tells whether it is still true.
"""


class Command(BaseCommand):
    help = "Draw docs/states.md from the models' transitions; with --check only say whether it is true (exit 1: no)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        text = draw_all()
        if not options["check"]:
            DOCUMENT.write_text(text)
        elif not DOCUMENT.exists() or DOCUMENT.read_text() != text:
            raise CommandError("docs/states.md is not what the transitions say: run `manage.py state_diagrams`.")


def draw_all() -> str:
    """The whole page: a diagram and a list for each model that has states, in the order of the apps' names."""
    moved = [
        (model, field)
        for model in sorted(apps.get_models(), key=lambda one: one._meta.label)
        for field in model._meta.fields
        if isinstance(field, FSMField)
    ]
    return "\n".join([HEAD, *(draw(model, field) for model, field in moved)])


def draw(model: type[Model], field: Any) -> str:
    """One model's section: what it is, its diagram, what each transition means."""
    names = dict(field.flatchoices)
    order = list(names)
    moves = sorted(field.get_all_transitions(model), key=lambda one: (order.index(one.source), order.index(one.target)))
    edges = [(one.source, one.target, one.name) for one in moves]
    last = [state for state in names if state not in {source for source, _, _ in edges}]
    lines = [
        f"## {model.__name__}",
        _first_line(model),
        "",
        "```mermaid",
        "stateDiagram-v2",
        *(f'    state "{label}" as {state}' for state, label in names.items()),
        f"    [*] --> {field.get_default()}",
        *(f"    {source} --> {target}: {name}" for source, target, name in edges),
        *(f"    {state} --> [*]" for state in last),
        "```",
        "",
        *(f"* `{name}`: {text}" for name, text in {one.name: _first_line(one.method) for one in moves}.items()),
        "",
    ]
    return "\n".join(lines)


def _first_line(documented: Any) -> str:
    return (documented.__doc__ or "").strip().partition("\n\n")[0].replace("\n", " ").replace("    ", "")
