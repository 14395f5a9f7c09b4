#!/bin/sh
# Prints new secrets as lines of a .env file: those of the service, and with `docker` also those of docker-compose.yml.
# Keep a copy of SECURITY_ENCRYPTION_KEY apart from the backups: without it the secret values of Skills are lost.
set -eu
umask 077

key() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkcs8 -topk8 -nocrypt -outform DER | openssl base64 -A
}
secret() { openssl rand -base64 "$1" | tr -d '\n'; }

cat <<EOF
SECURITY_JWT_SECRET=$(secret 48)
SECURITY_ENCRYPTION_KEY=$(secret 32)
SECURITY_CALLER_KEY=$(key)
SECURITY_ADMIN_CLIENT_SECRET=$(openssl rand -hex 24)
CALLBACK_SIGNING_SECRET=whsec_$(secret 32)
EOF
if [ "${1:-}" = docker ]; then
  # Hexadecimal, because they are used in URLs.
  cat <<EOF
POSTGRES_PASSWORD=$(openssl rand -hex 24)
REDIS_PASSWORD=$(openssl rand -hex 24)
GRAFANA_ADMIN_PASSWORD=$(openssl rand -hex 16)
EOF
fi
