#!/bin/bash
# Gets what the image is built from: the user's zip and Amazon's certificate authorities for RDS. Leaves work/version.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"
input=redcap/input
mkdir -p "$input/additions" work

[[ -n ${REDCAP_ZIP:-} ]] || fail "The project's environment lacks REDCAP_ZIP: deploy the stage again."
# CodeBuild's tools may print as they like; the zip's directory is what counts.
aws s3 cp --only-show-errors "$REDCAP_ZIP" "$input/redcap.zip" ||
  fail "$REDCAP_ZIP cannot be read. Is the key right, and may the role of this project read it?"
names=$(unzip -Z1 "$input/redcap.zip") || fail "$REDCAP_ZIP is damaged, or no zip: upload REDCap's full zip again."
mapfile -t versions < <(sed -nE 's#^redcap/redcap_v([^/]+)/.*#\1#p' <<<"$names" | sort -u)
[[ ${#versions[@]} -eq 1 && ${versions[0]} =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] ||
  fail "$REDCAP_ZIP holds ${#versions[@]} folders redcap/redcap_v<version>, not one: give the full zip, not an upgrade's."
version=${versions[0]}
[[ ${REDCAP_VERSION:-$version} == "$version" ]] ||
  fail "The configuration says REDCap $REDCAP_VERSION, the uploaded zip is $version. Put redcap$REDCAP_VERSION.zip into the folder releases and deploy the stage, then build again."

# Over TLS from Amazon itself. The hash is in the log, and pinned where the configuration says so.
curl -fsS --retry 3 --proto '=https' --max-time 60 -o "$input/rds-ca.pem" \
  "${RDS_CA_URL:-https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem}" ||
  fail "Amazon's certificate authorities for RDS cannot be downloaded."
sha256=$(sha256sum "$input/rds-ca.pem" | cut -d ' ' -f 1)
[[ ${RDS_CA_SHA256:-$sha256} == "$sha256" ]] ||
  fail "Amazon's certificate authorities for RDS have the SHA-256 $sha256 now, rdsCaSha256 says $RDS_CA_SHA256. Compare it over another network, then replace it."
printf '%s' "$sha256" >work/rds-ca-sha256
printf '%s' "$version" >work/version
printf 'REDCap %s, certificate authorities %s\n' "$version" "$sha256"
