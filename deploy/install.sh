#!/bin/sh
# Installs or updates ooder-skill from a checkout, as a systemd service. Run it again to update: settings
# and data stay, and the old version is in /opt/ooder-skill.previous.
#
#   sudo sh deploy/install.sh                  installs, and starts if /etc/ooder-skill/env has a DATABASE_URL
#   sudo sh deploy/install.sh --no-start       does not use systemd
#   sh deploy/install.sh --root DIR            installs below DIR, for a package or a test: no account, no systemd
set -eu

root=
start=yes
while [ $# -gt 0 ]; do
  case "$1" in
    --root)
      root="${2:?--root needs a folder}"
      shift
      ;;
    --no-start) start=no ;;
    *)
      echo "usage: install.sh [--root DIR] [--no-start]" >&2
      exit 2
      ;;
  esac
  shift
done

account=ooder-skill
source=$(cd "$(dirname "$0")/.." && pwd)
home=$root/opt/ooder-skill
settings=$root/etc/ooder-skill/env

die() {
  echo "$*" >&2
  exit 1
}

[ -n "$root" ] || [ "$(id -u)" = 0 ] || die "Run it with sudo, or with --root DIR."
for program in node npm openssl; do
  command -v "$program" >/dev/null || die "$program is not installed: see docs/deployment.md."
done
node=$(command -v node)
node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)' ||
  die "Node $(node --version) is too old: 20.19 or newer is needed."
case "$node" in
  /home/* | /root/*) [ -n "$root" ] || die "$node is in a home folder, which the service cannot see. Install Node for all users." ;;
esac

if [ -z "$root" ] && ! getent passwd "$account" >/dev/null; then
  useradd --system --user-group --home-dir /var/lib/ooder-skill --no-create-home --shell /usr/sbin/nologin "$account"
fi

# Build in another folder, as for the image, and swap it in when it is complete.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/compile" "$work/production"
for folder in compile production; do
  mkdir "$work/$folder/docker"
  cp "$source/package.json" "$source/package-lock.json" "$source/.npmrc" "$work/$folder/"
  cp "$source/docker/build.sh" "$source/docker/healthcheck.mjs" "$work/$folder/docker/"
done
(
  cd "$work/compile"
  cp -R "$source/apps" "$source/libs" "$source/config" .
  cp "$source/nest-cli.json" "$source/tsconfig.json" "$source/tsconfig.build.json" .
  sh docker/build.sh dependencies
  sh docker/build.sh compile
)
(
  cd "$work/production"
  sh docker/build.sh production
  mv "$work/compile/dist" dist
  cp "$source/LICENSE" .
  mkdir docs deploy
  cp "$source/docs/deployment.md" "$source/docs/operations.md" "$source/docs/backup.md" "$source/docs/upgrade.md" docs/
  cp -R "$source/deploy/postgresql" "$source/deploy/backup" deploy/
)
chmod -R u=rwX,go=rX "$work/production"
mkdir -p "$(dirname "$home")"
rm -rf "$home.new"
cp -R "$work/production" "$home.new"
rm -rf "$home.previous"
[ ! -e "$home" ] || mv "$home" "$home.previous"
mv "$home.new" "$home"

mkdir -p "$(dirname "$settings")"
if [ ! -e "$settings" ]; then
  (
    umask 077
    {
      echo "# Settings of ooder-skill (.env.example lists all). After a change: systemctl restart ooder-skill"
      echo "#DATABASE_URL=postgresql://skill_user:your_secure_password@localhost:5432/skill_db"
      echo "#REDIS_URL=redis://localhost:6379/0"
      echo "AI_BRIDGE_REGISTRY_URL="
      sh "$source/deploy/new-secrets.sh"
    } >"$settings"
  )
  echo "made $settings with new secrets"
fi
chmod 0640 "$settings"
[ -n "$root" ] || chown "root:$account" "$settings"

install -D -m 0644 "$source/deploy/logrotate/ooder-skill" "$root/etc/logrotate.d/ooder-skill"
for unit in ooder-skill.service ooder-skill-backup.service ooder-skill-backup.timer; do
  install -D -m 0644 "$source/deploy/systemd/$unit" "$root/etc/systemd/system/$unit"
done
[ "$node" = /usr/bin/node ] || sed -i "s#/usr/bin/node#$node#g" "$root/etc/systemd/system/ooder-skill.service"
install -d -m 0700 "$root/var/backups/ooder-skill"
[ -n "$root" ] || chown "$account:$account" /var/backups/ooder-skill

echo "installed $(node -p 'require(process.argv[1]).version' "$home/package.json") in $home"
if [ -n "$root" ] || [ "$start" = no ]; then exit 0; fi
systemctl daemon-reload
systemctl enable ooder-skill.service
if grep -q '^DATABASE_URL=' "$settings"; then
  systemctl restart ooder-skill.service
  systemctl --no-pager --lines=0 status ooder-skill.service
else
  echo "Set DATABASE_URL in $settings, then: systemctl start ooder-skill"
fi
systemctl is-enabled --quiet ooder-skill-backup.timer ||
  echo "Daily backups, which need postgresql-client (docs/backup.md): systemctl enable --now ooder-skill-backup.timer"
