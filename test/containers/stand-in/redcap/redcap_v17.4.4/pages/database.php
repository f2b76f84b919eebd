<?php
// As whom and how the application is connected. ?replica: over the read replica's settings.
header('Content-Type: application/json');
if (isset($_GET['replica'])) {
    $conn = databaseConnection($read_replica_hostname, $read_replica_db, $read_replica_username, $read_replica_password);
}
echo json_encode([
    'user' => value('SELECT CURRENT_USER()'),
    'host' => isset($_GET['replica']) ? $read_replica_hostname : $hostname,
    'cipher' => mysqli_fetch_row(mysqli_query($conn, "SHOW STATUS LIKE 'Ssl_cipher'"))[1],
    'salt' => hash('sha256', $salt),
    'projects' => value('SELECT COUNT(*) FROM redcap_projects'),
]);
