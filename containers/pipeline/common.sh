# shellcheck shell=bash disable=SC2034
# Sourced by the pipeline's scripts. They hand on what they found in files, since each is a process of its own.
set -euo pipefail

# Seconds between two looks at something that AWS works on.
poll=${POLL_SECONDS:-15}
live=live

# The line that people are shown.
fail() {
  printf 'FAILED: %s\n' "$1" >&2
  exit 1
}

# image_digest TAG: prints nothing where no image has the tag.
image_digest() {
  local output
  if output=$(aws ecr describe-images --repository-name "$REPOSITORY_NAME" --image-ids "imageTag=$1" \
    --query 'imageDetails[0].imageDigest' --output text 2>&1); then
    printf '%s' "$output"
  elif [[ $output != *ImageNotFoundException* ]]; then
    printf '%s\n' "$output" >&2
    return 1
  fi
}
