#!/bin/bash
# Runs PHP, Apache and the refresher until one of them ends or the container is asked to stop.
set -euo pipefail
lib=$(dirname "$(readlink -f "$0")")

# shellcheck source=logging.sh
source "$lib/logging.sh"

# Processes of PHP that the memory carries, at about 100 MiB each and a quarter left for all else. Fargate shows a task's
# memory as the machine's, Docker as the control group's.
workers() {
  local limit bytes
  bytes=$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) * 1024))
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
  [[ $limit =~ ^[0-9]+$ ]] && ((limit < bytes)) && bytes=$limit
  local count=$((bytes * 3 / 4 / (100 * 1024 * 1024)))
  echo $((count < 8 ? 8 : count > 64 ? 64 : count))
}

export POST_LIMIT_BYTES=$((POST_LIMIT_MB * 1024 * 1024))
# The load balancer gives up first and says so; a connection that it thinks open is open.
export IDLE_SECONDS=$((REQUEST_TIMEOUT_SECONDS + 5))
export TERMINATE_SECONDS=$((IDLE_SECONDS + 5))
export WORKERS=${WORKERS:-$(workers)}
# php-fpm.conf names them, so they must exist.
for name in AWS_REGION AWS_ENDPOINT_URL AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI FILES_BUCKET; do
  export "$name=${!name:-}"
done
apache_options=()
[[ -n ${HTTPS_ONLY:-} ]] && apache_options+=(-D HTTPS_ONLY)
[[ -n ${MAINTENANCE_ADDRESSES:-} ]] && apache_options+=(-D MAINTENANCE)
[[ -n ${CRON_SECRET_HASH:-}${CRON_SECRET_ARN:-} ]] && apache_options+=(-D CRON)
if [[ -n ${CRON_SECRET_HASH:-} ]]; then
  (umask 077 && printf 'cron:%s\n' "$CRON_SECRET_HASH" >/run/redcap/cron.htpasswd)
fi

if [[ ${TLS:-} == on ]]; then
  apache_options+=(-D TLS)
  if [[ -n ${TLS_SECRET_ARN:-}${TLS_SECRET:-} ]]; then
    php "$lib/certificate.php"
  else
    # For as long as the container runs, at most as long as any maintenance server does. Nobody else has the key.
    (umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 4 -subj /CN=localhost \
      -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" -keyout - -out - 2>/dev/null >/run/redcap/tls.pem)
  fi
  log info "The certificate's $(openssl x509 -in /run/redcap/tls.pem -noout -fingerprint -sha256)"
fi

# Of a container that was killed and started again.
rm -f /run/redcap/apache.pid /run/redcap/*.sock

# Process 1 has no way to end at a signal but its own.
trap 'log info "Stopped while starting."; exit 143' TERM INT
php "$lib/start.php" &
wait $!

php-fpm --fpm-config /etc/redcap/php-fpm.conf &
php=$!
# A request that comes before PHP listens would be answered with an error.
until [[ -S /run/redcap/php.sock && -S /run/redcap/health.sock ]] || ! kill -0 "$php" 2>/dev/null; do sleep 0.05; done
apache2 -f /etc/redcap/apache.conf "${apache_options[@]}" -D FOREGROUND &
apache=$!
php "$lib/refresh.php" &
refresher=$!

# WINCH: Apache finishes the requests under way and takes no new ones.
stopping=no
trap 'stopping=yes; kill -WINCH "$apache" 2>/dev/null' TERM INT
log info "Serving on port $PORT with $WORKERS processes of PHP."

status=0
wait -n "$php" "$apache" "$refresher" || status=$?
if [[ $stopping == yes ]]; then
  status=0
  log info "Stopping: requests under way have $SHUTDOWN_SECONDS seconds."
else
  for name in php apache refresher; do
    kill -0 "${!name}" 2>/dev/null || log error "$name has ended by itself with status $status: the container stops."
  done
  status=1
  kill -WINCH "$apache" 2>/dev/null || true
fi
# Whoever is not ready in time is cut off, before the platform kills all.
sleep "$SHUTDOWN_SECONDS" >/dev/null 2>&1 &
deadline=$!
while kill -0 "$apache" 2>/dev/null; do
  wait -n "$apache" "$deadline" || true
  if ! kill -0 "$deadline" 2>/dev/null && kill -KILL "$apache" 2>/dev/null; then
    log warning "Requests were cut off after $SHUTDOWN_SECONDS seconds."
  fi
done
kill -TERM "$deadline" "$php" "$refresher" 2>/dev/null || true
wait "$php" "$refresher" || true
log info "Stopped."
exit "$status"
