<?php
// Stand-in for REDCap's API: says its version, and otherwise that the token is wrong.
require __DIR__ . '/../redcap_connect.php';

if (($_POST['content'] ?? '') === 'version') {
    exit(setting('redcap_version'));
}
http_response_code(403);
header('Content-Type: application/json');
echo json_encode(['error' => 'You do not have permissions to use the API']);
