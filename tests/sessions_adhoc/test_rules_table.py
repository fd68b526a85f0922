"""The list of faults, one or more for each session rule, fits the code: `scripts/mutate_rules.py --check`.

`make mutants` tries them, which takes minutes.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALL_RULES = "".join(
    f"""
[[mutant]]
rule = {rule}
what = "nothing"
file = "manage.py"
old = "import"
new = "import"
tests = ["tests/gone.py", "tests/conftest.py::test_gone"]
"""
    for rule in range(1, 40)
)


def check(*arguments: str) -> tuple[int, list[str]]:
    command = [sys.executable, "scripts/mutate_rules.py", "--check", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout.splitlines()


def test_every_rule_has_a_fault_that_fits_the_code_and_tests_that_exist() -> None:
    code, lines = check()
    assert (code, len(lines)) == (0, 1), lines
    fitting, _of, all_of_them = lines[0].split()[:3]
    assert fitting == all_of_them


def test_a_fault_that_does_not_fit_and_a_rule_without_one_are_said(tmp_path: Path) -> None:
    table = tmp_path / "rules.toml"
    table.write_text(ALL_RULES)
    code, lines = check("--table", str(table))
    assert (code, lines[0], lines[-1]) == (1, "Rules without a fault: 40", "0 of 39 faults fit the code.")
    found = (ROOT / "manage.py").read_text().count("import")
    assert lines[1] == (
        f"rule  1  nothing: found {found} times in manage.py; changes nothing; no such test: tests/gone.py;"
        " no such test: tests/conftest.py::test_gone"
    )
