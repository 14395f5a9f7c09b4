#!/bin/bash
# Backs up the PostgreSQL of ooder-skill, verifies backups and restores them (deployment guide 6.2; docs/backup.md).
#
#   backup.sh [--env-file FILE] backup [--verify]              a new backup in BACKUP_DIR, then rotation
#   backup.sh [--env-file FILE] verify [DUMP]                  restores it into a scratch database and compares all rows
#   backup.sh [--env-file FILE] restore DUMP [--overwrite]     into the database of DATABASE_URL
#
# With cron, daily at 2 a.m. as in the guide, in /etc/cron.d/ooder-skill-backup (or the systemd timer, not both):
#   0 2 * * * ooder-skill /opt/ooder-skill/deploy/backup/backup.sh --env-file /etc/ooder-skill/env backup --verify
#
# Settings, from the environment or from the file (default: .env in this folder); the environment wins:
#   DATABASE_URL           the one of the service
#   BACKUP_DATABASE_URL    replaces it: a role that may read every table
#   BACKUP_VERIFY_URL      server and role (with CREATEDB) for scratch databases; default: the same
#   BACKUP_DIR             default /var/backups/ooder-skill
#   BACKUP_KEEP_DAYS       older backups are deleted after a new one was made; default 7
#   BACKUP_KEEP_MAX        how many younger ones are kept; default 50
#
# Exit status: 0 done, 1 failed, 2 wrong usage or settings, 3 another run is active, 4 refused: the database is not empty or
# in use, 5 the backup is damaged, or the restored data differs from it.
set -euo pipefail
umask 077

private=
incoming=
scratch=
cleanup() {
  local status=$?
  trap - EXIT
  if [ -n "$scratch" ]; then
    psql -Xq -d "$server" -c "DROP DATABASE IF EXISTS $scratch WITH (FORCE)" || status=1
  fi
  [ -z "$incoming" ] || rm -rf "$incoming"
  [ -z "$private" ] || rm -rf "$private"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

die() {
  local status=$1
  shift
  echo "$*" >&2
  exit "$status"
}

usage() {
  die 2 'usage: backup.sh [--env-file FILE] backup [--verify] | verify [DUMP] | restore DUMP [--overwrite]'
}

# --- Settings ----------------------------------------------------------------------------------------------------------

# Reads the settings of this script, without running the file: lines NAME=value, with or without quotes, as the service reads them.
read_settings() {
  local line name value
  while IFS= read -r line || [ -n "$line" ]; do
    [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?(DATABASE_URL|BACKUP_[A-Z_]+)[[:space:]]*=[[:space:]]*(.*)$ ]] || continue
    name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
    case $value in
      \"*\"*) value=${value#\"} value=${value%%\"*} ;;
      \'*\'*) value=${value#\'} value=${value%%\'*} ;;
      *)
        value=${value%%#*}
        value=${value%"${value##*[![:space:]]}"}
        ;;
    esac
    if [ -z "${!name+set}" ]; then printf -v "$name" '%s' "$value"; fi
  done <"$1"
}

whole_number() {
  [[ $2 =~ ^[1-9][0-9]{0,4}$ ]] || die 2 "$1 must be a whole number from 1 to 99999"
}

# Sets `url` to the connection without its password. The password goes into a file that only this user can read, never into
# the arguments of a program, which all users can see. Parameters of the Node driver are translated for libpq.
use_url() {
  local given=$1 userinfo password
  local pattern='^(postgres(ql)?://)(([^/?#]*)@)?([^/?#@]+)/([^/?#]+)(\?(.*))?$'
  [[ $given =~ $pattern ]] || die 2 "$2 must be postgresql://user:password@host:port/database"
  scheme=${BASH_REMATCH[1]} userinfo=${BASH_REMATCH[4]} host=${BASH_REMATCH[5]} database=${BASH_REMATCH[6]}
  query=${BASH_REMATCH[8]}
  query=${query//sslmode=no-verify/sslmode=require}
  user=${userinfo%%:*}
  if [[ $userinfo == *:* ]]; then
    password=$(decoded "${userinfo#*:}")
    password=${password//\\/\\\\}
    printf '*:*:*:*:%s\n' "${password//:/\\:}" >"$private/pgpass"
    export PGPASSFILE=$private/pgpass
  fi
  url=$(url_of "$database")
}

url_of() { printf '%s%s%s/%s%s' "$scheme" "${user:+$user@}" "$host" "$1" "${query:+?$query}"; }

decoded() {
  local text=${1//\\/\\\\}
  printf '%b' "${text//%/\\x}"
}

# --- PostgreSQL --------------------------------------------------------------------------------------------------------

ask() { psql -XqAt -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }

# pg_dump cannot read a server that is newer than itself.
check_versions() {
  local program server_version client_version
  for program in psql pg_dump pg_restore flock sha256sum; do
    command -v "$program" >/dev/null || die 1 "$program is not installed: apt-get install postgresql-client"
  done
  server_version=$(ask "$url" 'SHOW server_version_num')
  client_version=$(pg_dump --version | sed -E 's/^[^)]*\) ([0-9]+).*/\1/')
  if [ "$client_version" -lt $((server_version / 10000)) ]; then
    die 1 "pg_dump $client_version cannot read PostgreSQL $((server_version / 10000)): install" \
      "postgresql-client-$((server_version / 10000)) or newer (docs/backup.md)"
  fi
}

# Objects in user schemas that belong to no extension.
own() {
  echo "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d WHERE d.objid = $1.oid AND d.deptype = 'e')"
}

# Prints a line for each table: number of rows, and two 64-bit sums over the SHA-256 of every row as text, so that
# the order of rows does not matter. Prints the value of each sequence. The texts must not depend on settings of a server, role or
# database.
CONTENT_SQL="
SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1;
SET bytea_output = 'hex'; SET statement_timeout = 0; SET search_path = pg_catalog;
SELECT 'sequence', format('%I.%I', n.nspname, c.relname), coalesce(s.last_value, 0)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequences s
  ON s.schemaname = n.nspname AND s.sequencename = c.relname WHERE c.relkind = 'S' AND $(own c) ORDER BY 2;
SELECT format('SELECT ''table'', %L, count(*), coalesce(sum((''x'' || left(h, 16))::bit(64)::bigint::numeric), 0),
  coalesce(sum((''x'' || substr(h, 17, 16))::bit(64)::bigint::numeric), 0)
  FROM (SELECT encode(sha256(convert_to(t::text, ''UTF8'')), ''hex'') AS h FROM ONLY %s AS t) AS hashed', name, name)
FROM (SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND $(own c)) AS tables ORDER BY name \\gexec
"

# --- Backup ------------------------------------------------------------------------------------------------------------

lock() {
  [ "${OODER_LOCKED:-}" != "$dir" ] || return 0
  mkdir -p "$dir"
  exec 9>"$dir/.lock"
  flock -n 9 || die 3 "another backup or verification is running in $dir"
  # Files of a run that was killed. The lock excludes other runs.
  rm -rf "$dir"/.incoming-*
}

# One transaction holds a snapshot. pg_dump and the row counts use it, so they agree while the service writes.
take_backup() {
  local snapshot line to from name
  incoming=$(mktemp -d "$dir/.incoming-XXXXXX")
  while name=${database//[^A-Za-z0-9_.-]/_}_backup_$(date -u +%Y%m%d_%H%M%S) && [ -e "$dir/$name.dump" ]; do sleep 1; done

  coproc SNAPSHOT { exec psql -XqAt -F $'\t' -v ON_ERROR_STOP=1 -d "$url"; }
  to=${SNAPSHOT[1]} from=${SNAPSHOT[0]}
  echo "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET idle_in_transaction_session_timeout = 0;
    SELECT pg_export_snapshot();" >&"$to"
  read -r snapshot <&"$from" || die 1 "$database: no snapshot"
  echo "$CONTENT_SQL" >&"$to"
  printf '%s\n' '\echo end' >&"$to"
  while IFS= read -r line <&"$from" && [ "$line" != end ]; do echo "$line"; done >"$incoming/$name.manifest"
  [ "${line:-}" = end ] || die 1 "$database: its rows could not be counted"
  pg_dump --format=custom --snapshot="$snapshot" --lock-wait-timeout=60s --file="$incoming/$name.dump" -d "$url"
  echo 'COMMIT;' >&"$to"
  exec {to}>&-

  # The dump gets its name last, when all its files are on the disk.
  (cd "$incoming" && sha256sum "$name.dump" "$name.manifest" >"$name.sha256")
  sync "$incoming"/*
  mv "$incoming/$name.manifest" "$incoming/$name.sha256" "$dir/"
  mv "$incoming/$name.dump" "$dir/"
  sync "$dir"
  dump=$dir/$name.dump
  echo "backed up $database: $dump, $(stat -c %s "$dump") bytes, $(rows_of "$dir/$name.manifest")"
}

rows_of() { awk -F '\t' '$1 == "table" { tables++; rows += $3 } END { print rows + 0, "rows of", tables + 0, "tables" }' "$1"; }

# Backups in this folder, the newest first. The age is in the name, because copies keep the name.
backups() {
  find "$dir" -maxdepth 1 -type f -regextype posix-extended -regex '.*/[A-Za-z0-9_.-]+_backup_[0-9]{8}_[0-9]{6}\.dump' |
    sed -E 's/.*_backup_([0-9_]{15})\.dump$/\1 &/' | sort -r | cut -d ' ' -f 2-
}

# Always keeps the newest. Files without their dump are deleted too.
rotate() {
  local oldest kept=0 file stem
  oldest=$(date -u -d "$BACKUP_KEEP_DAYS days ago" +%Y%m%d_%H%M%S)
  while IFS= read -r file; do
    stem=${file%.dump}
    if [ "$kept" -ge 1 ] && { [[ ${stem##*_backup_} < $oldest ]] || [ "$kept" -ge "$BACKUP_KEEP_MAX" ]; }; then
      rm -f "$file" "$stem.manifest" "$stem.sha256"
      echo "deleted $file"
    else
      kept=$((kept + 1))
    fi
  done < <(backups)
}

# --- Verify and restore ------------------------------------------------------------------------------------------------

check_file() {
  local folder name companion
  [ -f "$1" ] || die 2 "$1: there is no such backup"
  folder=$(cd "$(dirname "$1")" && pwd) name=$(basename "$1" .dump)
  for companion in manifest sha256; do
    [ -f "$folder/$name.$companion" ] || die 5 "$1: $name.$companion is not beside it"
  done
  (cd "$folder" && sha256sum --quiet --strict -c "$name.sha256") || die 5 "$1: it is damaged"
}

# Restores everything or nothing, in one transaction, after the given statements.
load() {
  pg_restore --no-owner --no-privileges --file="$private/restore.sql" "$1" || die 5 "$1: it cannot be read"
  PGOPTIONS='-c lock_timeout=30s -c client_min_messages=warning' psql -Xq -v ON_ERROR_STOP=1 --single-transaction -d "$2" \
    -c "${3:-SELECT}" -f "$private/restore.sql" >/dev/null || die 1 "$1: it could not be restored; nothing was changed"
  rm "$private/restore.sql"
}

# Tables must be equal; a sequence may be ahead, because sequences ignore snapshots.
compare() {
  local manifest=${1%.dump}.manifest
  echo "$CONTENT_SQL" | psql -XqAt -F $'\t' -v ON_ERROR_STOP=1 -d "$2" >"$private/content"
  awk -F '\t' '
    NR == FNR { if ($1 == "table") expected[$2] = $0; else least[$2] = $3; next }
    $1 == "sequence" { if (!($2 in least) || $3 + 0 < least[$2] + 0) bad($2); delete least[$2]; next }
    { if (expected[$2] != $0) bad($2); delete expected[$2] }
    function bad(name) { print name ": it is not as it was backed up"; faults = 1 }
    END { for (name in expected) bad(name); for (name in least) bad(name); exit faults }' \
    "$manifest" "$private/content" >&2 || die 5 "$1: what was restored differs"
}

verify_backup() {
  check_file "$1"
  use_url "${BACKUP_VERIFY_URL:-$source_url}" BACKUP_VERIFY_URL
  server=$url
  # Scratch databases of runs that were killed a day ago or more: the number in the name is the start time.
  ask "$server" "SELECT format('DROP DATABASE IF EXISTS %I', datname) FROM pg_database WHERE datname ~ '^ooder_verify_[0-9]{10}_[0-9]+\$'
    AND split_part(datname, '_', 3)::bigint < extract(epoch FROM now()) - 86400" | psql -Xq -d "$server"
  scratch=ooder_verify_$(date +%s)_$$
  ask "$server" "CREATE DATABASE $scratch TEMPLATE template0 ENCODING 'UTF8'"
  load "$1" "$(url_of "$scratch")"
  compare "$1" "$(url_of "$scratch")"
  ask "$server" "DROP DATABASE $scratch WITH (FORCE)"
  scratch=
  echo "verified $1: $(rows_of "${1%.dump}.manifest"), all as they were"
}

EMPTY_SQL="DO \$\$
DECLARE statement text;
BEGIN
  FOR statement IN
    SELECT format('DROP %s IF EXISTS %I.%I CASCADE', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'S') AND $(own c)
    UNION ALL SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', p.oid::regprocedure)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind = 'f' AND $(own p)
    UNION ALL SELECT format('DROP SCHEMA %I', n.nspname) FROM pg_namespace n WHERE n.nspname <> 'public' AND $(own n)
  LOOP EXECUTE statement; END LOOP;
END \$\$"

restore_backup() {
  local statements=SELECT users
  check_file "$1"
  if [ "$(ask "$url" "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND $(own c)")" -gt 0 ]; then
    [ "$overwrite" = yes ] || die 4 "$database is not empty: nothing was changed. With --overwrite all that is in it is dropped first."
    users=$(ask "$url" "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND application_name LIKE 'ooder-skill%'")
    [ "$users" = 0 ] || die 4 "the service is using $database ($users connections): stop it first. Nothing was changed."
    statements=$EMPTY_SQL
  fi
  load "$1" "$url" "$statements"
  compare "$1" "$url"
  ask "$url" ANALYZE
  echo "restored $database from $1: $(rows_of "${1%.dump}.manifest"), all as they were"
}

# --- Commands ----------------------------------------------------------------------------------------------------------

file=.env
if [ "${1:-}" = --env-file ]; then
  file=${2:-}
  [ -f "$file" ] || die 2 "--env-file: there is no file '$file'"
  shift 2
fi
command=${1:-}
shift || usage
verify=no overwrite=no dump=
for argument in "$@"; do
  case $command$argument in
    backup--verify) verify=yes ;;
    restore--overwrite) overwrite=yes ;;
    verify-* | restore-* | backup*) usage ;;
    *)
      [ -z "$dump" ] || usage
      dump=$argument
      ;;
  esac
done
[ "$command" != restore ] || [ -n "$dump" ] || usage

[ ! -f "$file" ] || read_settings "$file"
source_url=${BACKUP_DATABASE_URL:-${DATABASE_URL:-}}
[ -n "$source_url" ] || die 2 'DATABASE_URL is not set. The embedded database is copied by npm run export (docs/backup.md).'
dir=${BACKUP_DIR:-/var/backups/ooder-skill}
: "${BACKUP_KEEP_DAYS:=7}" "${BACKUP_KEEP_MAX:=50}"
whole_number BACKUP_KEEP_DAYS "$BACKUP_KEEP_DAYS"
whole_number BACKUP_KEEP_MAX "$BACKUP_KEEP_MAX"
private=$(mktemp -d)
server=
use_url "$source_url" DATABASE_URL

case $command in
  backup)
    check_versions
    lock
    take_backup
    status=0
    # Separate from the backup: a backup that could not be verified stays, and old ones are still deleted. A damaged one is deleted.
    [ "$verify" = no ] || OODER_LOCKED=$dir BACKUP_DATABASE_URL=$source_url BACKUP_VERIFY_URL=${BACKUP_VERIFY_URL:-} BACKUP_DIR=$dir \
      "$BASH" "$0" verify "$dump" || status=$?
    if [ "$status" = 5 ]; then rm "${dump%.dump}".*; else rotate; fi
    exit "$status"
    ;;
  verify)
    lock
    if [ -z "$dump" ]; then
      dump=$(backups | head -n 1)
      [ -n "$dump" ] || die 2 "there is no backup in $dir"
    fi
    verify_backup "$dump"
    ;;
  restore) restore_backup "$dump" ;;
  *) usage ;;
esac
