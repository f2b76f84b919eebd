<?php
// For alarms: the database and S3 answer. Says no more than that to whoever asks; the reason is in the log.
declare(strict_types=1);
require_once __DIR__ . '/../aws.php';
require_once __DIR__ . '/../database.php';

/** Seconds in which the answer is not looked for again, so that asking often costs nothing. */
const REMEMBERED = 5;
const READY_TIMEOUT = 3;

function whyNotReady(): string
{
    try {
        // The file that REDCap itself uses.
        require '/run/redcap/database.php';
        [$host, $port] = explode(':', $hostname) + [1 => 3306];
        connect(['host' => $host, 'port' => $port, 'dbname' => $db, 'username' => $username, 'password' => $password], READY_TIMEOUT)
            ->query('SELECT 1');
        $bucket = getenv('FILES_BUCKET');
        return $bucket && !bucketAnswers($bucket) ? 'S3 does not let the task list the files bucket.' : '';
    } catch (Throwable $error) {
        return $error->getMessage();
    }
}

$reason = apcu_fetch('why-not-ready', $known);
if (!$known) {
    $reason = whyNotReady();
    apcu_store('why-not-ready', $reason, REMEMBERED);
    if ($reason !== '') {
        error_log("Not ready: $reason");
    }
}
header('Content-Type: text/plain');
http_response_code($reason === '' ? 200 : 503);
echo $reason === '' ? "ok\n" : "unavailable\n";
