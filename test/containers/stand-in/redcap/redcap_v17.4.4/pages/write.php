<?php
// Tries to write where REDCap might: the path is true where it could.
header('Content-Type: application/json');
$root = $_SERVER['DOCUMENT_ROOT'];
$folders = [
    "$root/temp", sys_get_temp_dir(), $root, "$root/edocs", "$root/modules", "$root/api", "$root/redcap_v" . codeVersion(),
    '/etc', '/usr/local/lib', '/var/www', '/var/log',
];
$could = [];
foreach ($folders as $folder) {
    $file = "$folder/written-by-test.php";
    $could[$folder] = @file_put_contents($file, 'written') !== false;
    // What is left shows whether it can be fetched.
    if ($could[$folder] && !isset($_GET['keep'])) {
        unlink($file);
    }
}
$could["$root/index.php"] = @file_put_contents("$root/index.php", '', FILE_APPEND) !== false;
echo json_encode($could, JSON_UNESCAPED_SLASHES);
