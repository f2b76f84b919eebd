<?php
// What arrived of the upload `file`: its size, PHP's error number, and the size that the client announced.
header('Content-Type: application/json');
$file = $_FILES['file'] ?? null;
$path = $file['tmp_name'] ?? '';
echo json_encode([
    'files' => count($_FILES),
    'size' => $path === '' ? null : filesize($path),
    'sha256' => $path === '' ? null : hash_file('sha256', $path),
    'error' => $file['error'] ?? null,
    'announced' => (int) ($_SERVER['CONTENT_LENGTH'] ?? 0),
]);
