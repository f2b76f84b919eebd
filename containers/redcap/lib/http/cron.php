<?php
// /cron.php where HTTP starts cron: runs the command that the task runs, and answers before the caller has gone. Apache has
// asked for the secret. REDCap's cron itself runs apart from the request: for CRON_LIMIT_SECONDS at most, and in each container only
// once at a time.
declare(strict_types=1);

/** Seconds. EventBridge waits 5 (EventBridge user guide, API destinations), and until the answer App Runner gives CPU. */
const PATIENCE = 4.0;
const LOCK = '/run/redcap/cron.lock';

/** One that hangs would keep the lock for ever, and every call be answered as if it still worked. What ends it says so, as the image's
 *  other errors are said (log.php): the request that started it is long over. */
const RUN = <<<'SH'
timeout --kill-after=60 "$0" php cron.php
code=$?
case $code in 124 | 137)
  printf '{"type":"container","level":"error","message":"Cron was ended after %s seconds: it hung, or has too much to do over HTTP (docs/service.md)."}\n' "$0" >&2
esac
exit $code
SH;

/** @return int|null exit code; null where it goes on */
function finished(float $deadline, callable $exitCode): ?int
{
    do {
        $code = $exitCode();
        if ($code !== null) {
            return $code;
        }
        usleep(50_000);
    } while (microtime(true) < $deadline);
    return null;
}

function answer(int $status, string $text): never
{
    http_response_code($status);
    header('Content-Type: text/plain');
    header('Cache-Control: no-store');
    echo "$text\n";
    exit;
}

$limit = (string) getenv('CRON_LIMIT_SECONDS');
$deadline = microtime(true) + PATIENCE;
// A caller who has gone must not end what is only being started.
ignore_user_abort(true);
$lock = fopen(LOCK, 'c');
$goesOn = 'Cron goes on.';
if (!flock($lock, LOCK_EX | LOCK_NB)) {
    // Something that it started has outlived it.
    if (time() - filemtime(LOCK) > (int) $limit) {
        answer(503, "Cron hangs: it has not ended for more than $limit seconds. Nothing runs in this container until then.");
    }
    // The wait is for the other run: it has CPU meanwhile.
    $ended = finished($deadline, fn () => flock($lock, LOCK_EX | LOCK_NB) ? 0 : null);
    answer(202, $ended === null ? $goesOn : 'The run before has ended.');
}
touch(LOCK);
$log = ['file', '/run/redcap/errors', 'a'];
// The child keeps the lock, as its descriptor 3, when this request is over.
$process = proc_open(['setsid', 'sh', '-c', RUN, $limit], [['file', '/dev/null', 'r'], $log, $log, $lock], $pipes, '/var/www/redcap');
if ($process === false) {
    answer(500, 'Cron did not start.');
}
$code = finished($deadline, function () use ($process): ?int {
    $status = proc_get_status($process);
    return $status['running'] ? null : $status['exitcode'];
});
match ($code) {
    null => answer(202, $goesOn),
    0 => answer(200, 'Cron has run.'),
    default => answer(500, "Cron ended with $code: look at the container's log."),
};
