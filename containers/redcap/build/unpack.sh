#!/bin/bash
# Unpacks the user's zip into the web root, or says why this build would not work. Runs in the build only.
# usage: unpack.sh RISK   (a risk that the user accepts, as compatibility.txt names it, or nothing)
set -euo pipefail
accepted=$1
root=/var/www/redcap

refuse() {
  printf 'REFUSED: %s\n' "$1" >&2
  exit 1
}

below() { [[ $2 == - ]] || dpkg --compare-versions "$1" lt "$2"; }
since() { dpkg --compare-versions "$1" ge "$2"; }

[[ -s /input/redcap.zip ]] || refuse "input/redcap.zip is missing or empty: give REDCap's zip."
mkdir -p /unpacked
unzip -q /input/redcap.zip -d /unpacked || refuse "input/redcap.zip cannot be unpacked: it is damaged or no zip."
shopt -s nullglob
versions=(/unpacked/redcap/redcap_v*/)
[[ ${#versions[@]} -eq 1 ]] ||
  refuse "The zip holds ${#versions[@]} folders redcap/redcap_v<version>, not one: give the full zip, not an upgrade's."
version=$(basename "${versions[0]}")
version=${version#redcap_v}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || refuse "\"$version\" in redcap_v$version is no REDCap version, such as 17.4.4."

# Debian's package says "2:8.2+93".
php_version=$(apt-cache show php-fpm | sed -nE 's/^Version: ([0-9]+:)?([0-9]+\.[0-9]+).*/\2/p' | head -1)
runs_on=()
runs=no
risk=
while read -r kind first second third reason; do
  case $kind in
  php)
    if since "$version" "$second" && below "$version" "$third"; then
      runs_on+=("$first")
      [[ $first == "$php_version" ]] && runs=yes
    fi
    ;;
  refuse)
    if since "$version" "$first" && below "$version" "$second"; then
      [[ $accepted == "$third" ]] ||
        refuse "REDCap $version has $third: $reason To build it all the same, set the build argument ACCEPT_RISK=$third."
      printf 'WARNING: REDCap %s has %s, which was accepted: %s\n' "$version" "$third" "$reason" >&2
      risk=$third
    fi
    ;;
  esac
done < <(grep -Ev '^(#|$)' /build/compatibility.txt)
[[ $runs == yes ]] ||
  refuse "REDCap $version does not run on PHP $php_version. PHP that this image has for it: ${runs_on[*]:-none; it carries REDCap 14.0.0 and later}."

mkdir -p "$(dirname "$root")"
mv /unpacked/redcap "$root"
# Modules, languages and hooks of the user's own.
for folder in modules languages hooks; do
  if [[ -d /input/additions/$folder ]]; then
    mkdir -p "$root/$folder"
    cp -R "/input/additions/$folder/." "$root/$folder/"
  fi
done

# Written anew when a container starts; the zip's own file is a sample.
ln -sf /run/redcap/database.php "$root/database.php"
# Files that people upload live in S3 only: nothing can be written into edocs.
rm -rf "$root/edocs" "$root/temp"
mkdir "$root/edocs" "$root/temp"
# The web server reads; it writes into temp alone.
chown -R root:root "$root"
find "$root" -type d -exec chmod 0755 {} + -o -type f -exec chmod 0644 {} +
chown www-data:www-data "$root/temp"
chmod 0700 "$root/temp"

mkdir -p /etc/redcap
printf '{"redcap":"%s","php":"%s","acceptedRisk":"%s"}\n' "$version" "$php_version" "$risk" >/etc/redcap/build.json
