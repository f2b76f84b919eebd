# shellcheck shell=bash
# Sourced by commands that start other programs: every line of theirs becomes a JSON object, and /run/redcap/errors is a
# way to the log for programs whose stderr PHP drops.

# Children open /proc/self/fd/1 and 2 by name, which only works on pipes of their own user.
exec 1> >(exec cat)
log_writers=$!
exec 2> >(exec sed --unbuffered --regexp-extended '/^\{"type":/! {
  s/\\/\\\\/g
  s/"/\\"/g
  s/\t/\\t/g
  s/[[:cntrl:]]//g
  s/.*/{"type":"server","message":"&"}/
}' >&2)

log_writers="$log_writers $!"

[[ -p /run/redcap/errors ]] || mkfifo --mode=0600 /run/redcap/errors
# Opened for reading and writing: it does not end when one writer does.
cat <>/run/redcap/errors >&2 &
log_errors=$!

log() { printf '{"type":"container","level":"%s","message":"%s"}\n' "$1" "$2" >&2; }
# The writers end when nobody can write to them any more. Process 1 that ended before them would take their last lines along;
# what still writes after two seconds was cut off on purpose.
log_end() {
  kill "$log_errors" 2>/dev/null || true
  exec 1>&- 2>&-
  # shellcheck disable=SC2086 # two numbers
  (sleep 2 && kill $log_writers) >/dev/null 2>&1 &
  local writer
  for writer in $log_writers; do wait "$writer" || true; done
}
trap log_end EXIT
