#!/bin/bash
# Builds the image and pushes it under a tag of its own, which never changes. Leaves work/tag and work/digest.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
tag=$(<work/version)-$(date -u +%Y%m%d%H%M%S)

# A zip does not always keep who may execute what.
find redcap -type d -exec chmod 0755 {} + -o -name '*.sh' -exec chmod 0755 {} +

# Docker Hub refuses most of what CodeBuild's shared addresses ask; the same image is on Amazon's public registry, and is
# taken under the name that the Dockerfile has.
base=debian:$DEBIAN_RELEASE-slim
docker pull "public.ecr.aws/docker/library/$base" || fail "Debian's image cannot be pulled from public.ecr.aws."
docker tag "public.ecr.aws/docker/library/$base" "docker.io/library/$base"

args=(--build-arg "DEBIAN_RELEASE=$DEBIAN_RELEASE" --build-arg "RDS_CA_SHA256=$(<work/rds-ca-sha256)")
[[ -z ${ACCEPT_RISK:-} ]] || args+=(--build-arg "ACCEPT_RISK=$ACCEPT_RISK")
# One manifest: an index with attestations would be two images to a lifecycle policy. Plain progress has every line.
export BUILDX_NO_DEFAULT_ATTESTATIONS=1 BUILDKIT_PROGRESS=plain
docker build --platform linux/amd64 "${args[@]}" --tag "$REPOSITORY_URI:$tag" redcap ||
  fail "The image was not built; the reason stands above."

aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY_URI%%/*}"
docker push "$REPOSITORY_URI:$tag" || fail "The image cannot be pushed to $REPOSITORY_URI."
digest=$(image_digest "$tag")
[[ $digest == sha256:* ]] || fail "The repository does not have the image that was just pushed, $tag."
printf '%s' "$tag" >work/tag
printf '%s' "$digest" >work/digest
printf 'Pushed %s, %s\n' "$tag" "$digest"
