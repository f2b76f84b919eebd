#!/bin/bash
# Makes the new image the live one and rolls it out. Where that fails, the one before is live again and the build fails.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
tag=$(<work/tag)
digest=$(<work/digest)
previous=$(image_digest "$live")

# move_live DIGEST: the same manifest under the tag. The digest is checked by ECR.
move_live() {
  local media_type
  media_type=$(aws ecr batch-get-image --repository-name "$REPOSITORY_NAME" --image-ids "imageDigest=$1" \
    --query 'images[0].imageManifestMediaType' --output text)
  aws ecr batch-get-image --repository-name "$REPOSITORY_NAME" --image-ids "imageDigest=$1" \
    --query 'images[0].imageManifest' --output text >work/manifest
  # The CLI ends its output with a line break that is no part of the manifest.
  aws ecr put-image --repository-name "$REPOSITORY_NAME" --image-tag "$live" --image-digest "$1" \
    --image-manifest "$(<work/manifest)" --image-manifest-media-type "$media_type" >/dev/null
}

rolled_out=no
# Also where an AWS call fails half-way.
take_back() {
  local code=$?
  [[ $rolled_out == no ]] || exit "$code"
  if [[ -n $previous && $previous != "$digest" ]]; then
    move_live "$previous" && printf 'The image before is live again: %s\n' "$previous" >&2
  fi
  exit "${code/#0/1}"
}

# of_deployment FILTER EXPRESSION
of_deployment() {
  aws ecs describe-services --cluster "$ECS_CLUSTER" --services "$ECS_SERVICE" \
    --query "services[0].deployments[?$1].$2 | [0]" --output text
}

ecs_failed() {
  aws ecs describe-services --cluster "$ECS_CLUSTER" --services "$ECS_SERVICE" \
    --query 'services[0].events[:10].message' --output text
  fail "ECS did not get the tasks of $tag healthy, and goes on with the ones before. Why is in the log of the tasks."
}

roll_out_on_ecs() {
  local status deployment state
  status=$(aws ecs describe-services --cluster "$ECS_CLUSTER" --services "$ECS_SERVICE" \
    --query 'services[0].status' --output text 2>work/error) ||
    { grep -q ClusterNotFoundException work/error && status=None; } || fail "$(<work/error)"
  if [[ $status != ACTIVE ]]; then
    echo "There is no service yet: the deployment starts it."
    return
  fi
  # The same task definition: ECS asks the registry which image `live` is, once for this deployment (ECS developer guide,
  # container image resolution). Scaling out and the circuit breaker's roll-back start what their deployment started with.
  deployment=$(aws ecs update-service --cluster "$ECS_CLUSTER" --service "$ECS_SERVICE" --force-new-deployment \
    --query "service.deployments[?status=='PRIMARY'].id | [0]" --output text)
  while :; do
    state=$(of_deployment "id=='$deployment'" rolloutState)
    echo "Roll-out $deployment: $state"
    case $state in
    COMPLETED) return ;;
    FAILED) ecs_failed ;;
    None)
      # Another one took its place: the roll-back, or one that Terraform began meanwhile, with this image as well.
      [[ $(of_deployment "status=='PRIMARY'" rolloutStateReason) != *"rolling back"* ]] || ecs_failed
      deployment=$(of_deployment "status=='PRIMARY'" id)
      ;;
    esac
    sleep "$poll"
  done
}

roll_out_on_app_runner() {
  local arn operation state
  arn=$(aws apprunner list-services \
    --query "ServiceSummaryList[?ServiceName=='$APP_RUNNER_SERVICE'].ServiceArn | [0]" --output text)
  if [[ $arn == None ]]; then
    echo "There is no service yet: the deployment starts it."
    return
  fi
  operation=$(aws apprunner start-deployment --service-arn "$arn" --query OperationId --output text)
  while :; do
    state=$(aws apprunner list-operations --service-arn "$arn" \
      --query "OperationSummaryList[?Id=='$operation'].Status | [0]" --output text)
    echo "Roll-out $operation: $state"
    case $state in
    SUCCEEDED) return ;;
    FAILED | ROLLBACK_FAILED | ROLLBACK_SUCCEEDED)
      fail "App Runner did not get $tag healthy ($state). Why is in the service's log."
      ;;
    esac
    sleep "$poll"
  done
}

# What the scan on push found, where it has ended by now: for people to look at, not for the build to judge.
say_scan() {
  local found
  found=$(aws ecr describe-image-scan-findings --repository-name "$REPOSITORY_NAME" --image-id "imageDigest=$digest" \
    --query 'imageScanFindings.findingSeverityCounts' --output json 2>/dev/null) || found="no result yet"
  printf 'Known holes in its packages, by severity: %s\n' "$(tr -d '\n' <<<"$found")"
}

trap take_back EXIT
move_live "$digest"
if [[ -n ${ECS_SERVICE:-} ]]; then roll_out_on_ecs; else roll_out_on_app_runner; fi
rolled_out=yes
say_scan
printf 'Live: %s, %s\n' "$tag" "$digest"
