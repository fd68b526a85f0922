#!/bin/sh
# Makes .venv with exactly what requirements/dev.txt locks. Used by `make install`; PYTHON=... chooses the Python.
set -eu
umask 022
cd "$(dirname "$0")/.."
LOCK=requirements/dev.txt
VENV=.venv
STAMP=$1

say() { printf 'install: %s\n' "$*"; }
die() { printf 'install: %s\n' "$*" >&2; exit 1; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
makes_venvs() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# Prints the first Python that passes every check named in the arguments.
find_python() {
    for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13}; do
        for check in "$@"; do
            "$check" "$candidate" || continue 2
        done
        command -v "$candidate" && return
    done
    return 1
}

# Debian keeps the part of Python that makes virtual environments in a package of its own.
install_venv_package() {
    hint="this Python cannot make virtual environments; on Debian or Ubuntu install the package python3-venv"
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || die "$hint, then repeat"
    say "adding the Debian package python3-venv"
    export DEBIAN_FRONTEND=noninteractive
    for step in update "-y --no-install-recommends install python3-venv"; do
        # shellcheck disable=SC2086 - a step is several words
        output=$(apt-get -qq $step </dev/null 2>&1) || die "apt-get $step failed: $output
$hint"
    done
}

choose_python() {
    find_python new_enough makes_venvs && return
    find_python new_enough >/dev/null ||
        die "Python 3.11 or newer is needed, found: $(python3 --version 2>/dev/null || echo 'no python3'). PYTHON=/path/to/python names another one"
    install_venv_package >&2
    find_python new_enough makes_venvs || die "python3-venv is installed, yet no Python here can make a virtual environment"
}

# uv comes from the same lock, checked against the same hashes, as everything that it then installs.
install_uv() {
    awk '/^uv==/ { on = 1 } on { print } on && !/\\$/ { exit }' "$LOCK" >"$VENV/uv.txt"
    wanted=$(sed -n 's/^uv==\([^ ]*\).*/\1/p' "$VENV/uv.txt")
    case $("$VENV/bin/uv" --version 2>/dev/null || :) in "uv $wanted"*) return ;; esac
    say "uv $wanted"
    "$VENV/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-deps --require-hashes -r "$VENV/uv.txt"
}

# uv is ten times faster; pip knows the settings of a company's own index, so it gets the second try.
install_packages() {
    say "$(grep -c '^[a-zA-Z0-9].*==' "$LOCK") packages of $LOCK"
    "$VENV/bin/uv" pip sync --quiet --python "$VENV/bin/python" --require-hashes "$LOCK" && return
    say "uv did not succeed, trying pip"
    "$VENV/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --require-hashes -r "$LOCK"
}

started=$(date +%s)
if ! new_enough "$VENV/bin/python" || ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(choose_python)
    say "$VENV with $("$python" --version)"
    "$python" -m venv --clear "$VENV"
fi
install_uv
install_packages
touch "$STAMP"
say "done in $(($(date +%s) - started)) s"
