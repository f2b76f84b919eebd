#!/bin/sh
# Run on the server by Systems Manager: waits until REDCap answers there, and says why where it does not.
# Arguments: minutes that the server may run, port.
set -eu

# Should nobody else end it: an instance of this template terminates when it shuts down.
shutdown -P "+$1" 2>&1
case $(cloud-init status --wait) in
*error*)
  tail -n 30 /var/log/cloud-init-output.log
  exit 1
  ;;
esac
until curl -kfsS --max-time 5 "https://127.0.0.1:$2/health/live" >/dev/null 2>&1; do
  if [ -z "$(docker ps --quiet --filter 'name=^redcap$' --filter status=running)" ]; then
    docker logs --tail 30 redcap 2>&1
    exit 1
  fi
  sleep 5
done
echo "REDCap answers on port $2."
