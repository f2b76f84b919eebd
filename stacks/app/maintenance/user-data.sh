# On a new instance of Amazon Linux 2023: starts REDCap's image on it.
# Before these lines the stack sets IMAGE, REGION, LOG_GROUP and LIFETIME_MINUTES, and writes /etc/redcap/server.env and,
# where the server may upgrade, /etc/redcap/upgrade.env.
# shellcheck shell=bash disable=SC2154
set -euo pipefail

# For a server that nobody ends: an instance of this template terminates when it shuts down.
shutdown -P "+$LIFETIME_MINUTES"

retry() {
  local attempt
  for attempt in 1 2 3 4 5; do
    "$@" && return
    sleep $((attempt * 5))
  done
  echo "Failed, five times: $*" >&2
  return 1
}
log_in() {
  aws ecr get-login-password --region "$2" | docker login --username AWS --password-stdin "$1"
}
metadata() {
  local token
  token=$(curl -fsS -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token)
  curl -fsS -H "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/meta-data/$1"
}

retry dnf install -y docker
systemctl start docker
# ECR, registry and region. Other registries are public.
if [[ $IMAGE =~ ^([0-9]{12}\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+)/ ]]; then
  retry log_in "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
fi
retry docker pull --quiet "$IMAGE"
instance=$(retry metadata instance-id)

# The host's network: a bridge of Docker's own could have the addresses of a part of the VPC, and hide the database. Nothing
# is let in from outside, and the metadata service need not answer a second hop.
options=(
  --detach --network host --read-only --cap-drop ALL --security-opt no-new-privileges --init --stop-timeout 120
  --log-driver awslogs --log-opt "awslogs-region=$REGION" --log-opt "awslogs-group=$LOG_GROUP"
  --log-opt mode=non-blocking --log-opt max-buffer-size=25m
)
docker run "${options[@]}" --name redcap --restart on-failure:3 --env-file /etc/redcap/server.env \
  --log-opt "awslogs-stream=redcap/$instance" "$IMAGE" serve

if [[ -f /etc/redcap/upgrade.env ]]; then
  # It goes on when the person's session ends.
  cat >/usr/local/sbin/redcap-upgrade <<END
#!/bin/bash
# Brings the database to the image's version, and shows its log. One that runs already is shown again.
if [[ -z \$(docker ps --quiet --filter name=^redcap-upgrade\$) ]]; then
  docker rm redcap-upgrade >/dev/null 2>&1
  docker run ${options[*]@Q} --name redcap-upgrade --env-file /etc/redcap/upgrade.env \
    --log-opt 'awslogs-stream=upgrade/$instance' ${IMAGE@Q} upgrade >/dev/null || exit
fi
docker logs --follow redcap-upgrade
exit "\$(docker wait redcap-upgrade)"
END
  chmod 755 /usr/local/sbin/redcap-upgrade
fi
