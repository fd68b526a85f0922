"""Fold all migrations of an app into one that an empty database takes instead of them: `fold_migrations.py APP NAME`.

What runs on an empty database at a newcomer's first start costs with every migration that changes a large table, as
Django makes the classes of all related models again for each. The folded migration replaces the others in Django's own
sense (`replaces`): a database that has any of them goes on with them. Nothing that a database has run is edited or
removed; an earlier fold gives way, as its own are among those that the new one replaces.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("app")
    parser.add_argument("name", help="of the new migration, behind its number: as_of_0009")
    parser.add_argument("--until", help="the last one that is folded; without it the app's last")
    options = parser.parse_args(arguments)
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sfp_platform.settings")
    import django

    django.setup()
    path = fold(options.app, f"0001_{options.name}", options.until)
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(path)], check=True)
    sys.stdout.write(f"{path}\n")
    return 0


def fold(app: str, name: str, until: str | None) -> Path:
    """Write the migration, remove the folds that it takes the place of; return its path."""
    from django.db.migrations import Migration
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.writer import MigrationWriter

    loader = MigrationLoader(None)
    keys = [key for key in plan_of(loader, app, until) if key[0] == app]
    state = loader.project_state(keys[-1])
    own = [loader.disk_migrations[key] for key in keys]
    made = type("Migration", (Migration,), {})(name, app)
    made.initial = True
    made.replaces = [one for key in keys for one in loader.disk_migrations[key].replaces or [key]]
    needed = {one for key in made.replaces for one in loader.disk_migrations[key].dependencies if one[0] != app}
    made.dependencies = sorted(latest(needed).values())
    made.operations = [models_of(state, app), *further(own)]
    path = ROOT / app / "migrations" / f"{name}.py"
    for migration in own:
        if migration.replaces:
            path.with_name(f"{migration.name}.py").unlink()
    path.write_text(MigrationWriter(made, include_header=False).as_string(), encoding="utf-8")
    return path


def plan_of(loader: Any, app: str, until: str | None) -> list[tuple[str, str]]:
    """All migrations up to the named one or the app's last one, in order."""
    [leaf] = [(app, until)] if until else loader.graph.leaf_nodes(app)
    return list(loader.graph.forwards_plan(leaf))


def latest(needed: Iterable[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """By app: of several of its migrations only the last one, which needs the others. They are numbered."""
    found: dict[str, tuple[str, str]] = {}
    for key in sorted(needed, key=lambda key: (not key[1].startswith("__"), key)):
        found[key[0]] = key
    return found


def models_of(state: Any, app: str) -> Any:
    from django.db.migrations.operations import CreateModel

    from partners.ground.migrating import CreateModels

    mine = [model for (label, _), model in state.models.items() if label == app]
    plain = sorted(mine, key=lambda model: bool(model.options.get("proxy")))
    return CreateModels(
        [
            CreateModel(model.name, list(model.fields.items()), model.options, model.bases, model.managers)
            for model in plain
        ]
    )


def further(migrations: Iterable[Any]) -> list[Any]:
    """What the migrations have done besides models: in order, and what was said of a table twice once."""
    from django.db.migrations import RunPython, RunSQL

    from partners.ground.migrating import OnPostgreSQL, RefuseChanges

    kept: list[Any] = []
    for migration in migrations:
        for operation in migration.operations:
            if isinstance(operation, RunPython | RunSQL) and not operation.elidable:
                raise SystemExit(f"{migration.name} has a step that must not be left out: {operation.describe()}")
            if isinstance(operation, RefuseChanges):
                kept = [one for one in kept if not (isinstance(one, RefuseChanges) and one.table == operation.table)]
            if isinstance(operation, OnPostgreSQL | RefuseChanges):
                kept.append(operation)
    return kept


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
