<?php
// Stand-in for REDCap's cron: records that it ran, from the command line or over HTTP.
require __DIR__ . '/redcap_connect.php';

mysqli_execute_query(
    $conn,
    'INSERT INTO redcap_crons_history (cron_id, cron_run_start, cron_run_end, cron_info) VALUES (1, NOW(), NOW(), ?)',
    [PHP_SAPI . ' as ' . value('SELECT CURRENT_USER()')],
);
echo "All jobs of this minute have run.\n";
