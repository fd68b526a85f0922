#!/bin/sh
# manage.py with the environment of the units: as its user, `runuser -u sfp -- deploy/scripts/manage.sh migrate`.
#   SFP_ENVIRONMENT=/etc/sfp/environment    where that stands, one NAME=value a line, as systemd reads it
# A shell cannot read such a file itself: values may have spaces and semicolons, and have no quotes.
set -eu
file=${SFP_ENVIRONMENT:-/etc/sfp/environment}
export VAR_DIR=/var/lib/sfp METRICS_DIR=/run/sfp/metrics
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    "" | "#"* | ";"*) ;;
    *=*) export "${line?}" ;;
  esac
done <"$file"
cd "$(dirname "$0")/../.."
exec .venv/bin/python manage.py "$@"
