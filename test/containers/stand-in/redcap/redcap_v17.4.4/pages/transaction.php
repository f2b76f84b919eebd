<?php
// Writes, says nothing for ?seconds=, writes again and commits, as a long import does. Then says as whom, and what is there.
set_time_limit(0);
header('Content-Type: application/json');
$write = fn (string $part) => value('REPLACE INTO redcap_sessions VALUES (?, ?, NOW())', ["$_GET[name]-$part", $part]);
mysqli_begin_transaction($conn);
$write('first');
usleep((int) ((float) $_GET['seconds'] * 1_000_000));
$write('second');
mysqli_commit($conn);
echo json_encode([
    'user' => value('SELECT CURRENT_USER()'),
    'written' => value('SELECT COUNT(*) FROM redcap_sessions WHERE session_id LIKE ?', ["$_GET[name]-%"]),
]);
