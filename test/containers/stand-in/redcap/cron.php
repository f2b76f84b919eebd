<?php
// Stand-in for REDCap's cron: records that it ran, from the command line or over HTTP.
require __DIR__ . '/redcap_connect.php';

// A long run, and one that fails, where a test asks for it.
sleep((int) setting('stand_in_cron_seconds'));
// Something that outlives the run and holds what it was given.
if ($stays = (int) setting('stand_in_cron_stays')) {
    exec("setsid sleep $stays >/dev/null 2>&1 &");
}

mysqli_execute_query(
    $conn,
    'INSERT INTO redcap_crons_history (cron_id, cron_run_start, cron_run_end, cron_info) VALUES (1, NOW(), NOW(), ?)',
    [PHP_SAPI . ' as ' . value('SELECT CURRENT_USER()')],
);
if ($code = (int) setting('stand_in_cron_exit')) {
    fwrite(STDERR, "A job failed.\n");
    exit($code);
}
echo "All jobs of this minute have run.\n";
