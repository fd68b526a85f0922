#!/bin/sh
# A dump of backup.sh, brought into a database that is new and empty: what was there stays as it was.
#   restore.sh FILE             DATABASE_URL says into which (BACKUP_DATABASE_URL where that is a pooler's)
#   RESTORE_JOBS=2              how many tables at once
# What comes before and after it: docs/restore.md. It ends at the first error, and then the database is not to be used.
set -eu
file=${1:?usage: restore.sh FILE}
url=${BACKUP_DATABASE_URL:-${DATABASE_URL:?is not set}}
tables=$(psql --no-psqlrc --quiet --tuples-only --no-align --dbname="$url" \
  --command="SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
# What a later version has made would stay, half of it, beside what the dump has.
[ "$tables" = 0 ] || { echo "restore: the database has $tables tables already: make a new one" >&2; exit 1; }
pg_restore --exit-on-error --no-owner --jobs="${RESTORE_JOBS:-2}" --dbname="$url" "$file"
# Without statistics the first questions to large tables would take minutes.
psql --no-psqlrc --quiet --dbname="$url" --command="SET client_min_messages = error" --command=ANALYZE
taken=$(basename "$file" | sed -nE 's/^sfp-([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z\.dump$/\1-\2-\3T\4:\5:\6Z/p')
echo "restore: done; then manage.py migrate, and manage.py reconcile --since ${taken:-the moment of the dump}"
