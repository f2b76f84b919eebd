# shellcheck shell=bash
# Sourced by commands that start other programs: every line of theirs becomes a JSON object, and /run/redcap/errors is a
# way to the log for programs whose stderr PHP drops. Ends with log_end.

# Children open /proc/self/fd/1 and 2 by name, which only works on pipes of their own user.
exec 1> >(exec cat)
exec 2> >(exec sed --unbuffered --regexp-extended '/^\{"type":/! {
  s/\\/\\\\/g
  s/"/\\"/g
  s/\t/\\t/g
  s/[[:cntrl:]]//g
  s/.*/{"type":"server","message":"&"}/
}' >&2)

[[ -p /run/redcap/errors ]] || mkfifo --mode=0600 /run/redcap/errors
# Opened for reading and writing: it does not end when one writer does.
cat <>/run/redcap/errors >&2 &
errors=$!

log() { printf '{"type":"container","level":"%s","message":"%s"}\n' "$1" "$2" >&2; }
log_end() { kill "$errors" 2>/dev/null || true; }
