#!/bin/bash
# The image's commands: serve (default) | prepare | upgrade | cron.
set -euo pipefail
lib=$(dirname "$(readlink -f "$0")")

refuse() {
  printf 'The environment variable %s is "%s": %s\n' "$1" "${!1}" "$2" >&2
  exit 64
}
for name in PORT UPLOAD_LIMIT_MB REQUEST_TIMEOUT_SECONDS SHUTDOWN_SECONDS REFRESH_SECONDS CRON_LIMIT_SECONDS START_TIMEOUT_SECONDS ${WORKERS:+WORKERS}; do
  [[ ${!name} =~ ^[1-9][0-9]*$ ]] || refuse "$name" "write a whole number above 0."
done
for name in TRUSTED_PROXIES ${MAINTENANCE_ADDRESSES:+MAINTENANCE_ADDRESSES}; do
  [[ ${!name} =~ ^[0-9a-fA-F.:/]+(\ [0-9a-fA-F.:/]+)*$ ]] || refuse "$name" "write addresses or CIDRs, with single spaces between them."
done
[[ $PHP_MEMORY_LIMIT =~ ^[1-9][0-9]*[MG]$ ]] || refuse PHP_MEMORY_LIMIT "write an amount such as 512M or 1G."
[[ $PHP_TIMEZONE == UTC || -f /usr/share/zoneinfo/$PHP_TIMEZONE ]] || refuse PHP_TIMEZONE "write a time zone such as Europe/London."
[[ ${HTTPS_ONLY:-1} == 1 ]] || refuse HTTPS_ONLY "write 1, or leave it out."
[[ -z ${TLS:-} || $TLS == on ]] || refuse TLS "write on, or leave it out."
# It becomes part of a header.
[[ $FRAME_ANCESTORS != *[\"\;]* ]] || refuse FRAME_ANCESTORS "write sources of a Content-Security-Policy, with spaces between them."
# php.ini reads it. A mebibyte more than the file, for the fields around it.
export POST_LIMIT_MB=$((UPLOAD_LIMIT_MB + 1))

case ${1:-serve} in
serve)
  if [[ -n ${DDL_SECRET:-}${DDL_SECRET_ARN:-} ]]; then
    # A container that does everything by itself. The web server starts without the right to change tables. Where an init is
    # process 1, its environment keeps the secret: two containers, as on ECS, are the safe way.
    php "$lib/prepare.php"
    exec env --unset=DDL_SECRET --unset=DDL_SECRET_ARN "$0" serve
  fi
  exec "$lib/serve.sh"
  ;;
prepare | upgrade)
  exec php "$lib/$1.php"
  ;;
cron)
  # shellcheck source=logging.sh
  source "$lib/logging.sh"
  php "$lib/configure.php"
  cd /var/www/redcap
  env --unset=DATABASE_SECRET --unset=SALT_SECRET --unset=FILES_SECRET --unset=MAIL_SECRET php cron.php
  ;;
*)
  printf 'Unknown command "%s". Commands: serve, prepare, upgrade, cron.\n' "$1" >&2
  exit 64
  ;;
esac
