#!/bin/sh
# A dump of the database into a folder, checked by reading it, and the old ones removed.
#   backup.sh FOLDER            DATABASE_URL says which (BACKUP_DATABASE_URL where that is a pooler's)
#   KEEP_DAYS=14                how long dumps are kept
# What is not in it and must be kept elsewhere: SECRET_KEY and FIELD_ENCRYPTION_KEYS. Without the keys the tokens that
# partners gave us are lost. A dump is as it was at its beginning: for less than a day's loss archive the WAL as well.
set -eu
umask 077
folder=${1:?usage: backup.sh FOLDER}
url=${BACKUP_DATABASE_URL:-${DATABASE_URL:?is not set}}
mkdir -p "$folder"
name="$folder/sfp-$(date -u +%Y%m%dT%H%M%SZ).dump"
# Not under its name before it is complete and can be read.
trap 'rm -f "$name.part"' EXIT
pg_dump --format=custom --no-owner --file="$name.part" "$url"
pg_restore --list "$name.part" | grep -q 'TABLE DATA public ocpi_message' || { echo "backup: the dump is not whole" >&2; exit 1; }
mv "$name.part" "$name"
find "$folder" -name 'sfp-*.dump' -mtime "+${KEEP_DAYS:-14}" -delete
echo "backup: $name, $(wc -c <"$name") bytes"
