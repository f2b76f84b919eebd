<?php
// Stand-in for REDCap's upgrade: alters a table and brings the version to the code's. Without a password, too.
require __DIR__ . '/redcap_connect.php';
set_time_limit(0);

$from = setting('redcap_version');
$to = codeVersion();
if ($from === null) {
    exit("REDCap is not installed.\n");
}
if (version_compare($from, $to, '>=')) {
    exit("REDCap is at $from: nothing to upgrade.\n");
}
if (($_GET['auto'] ?? '') !== '1') {
    exit("<form>Press here to upgrade from $from to $to.</form>\n");
}
try {
    $column = 'added_in_' . str_replace('.', '_', $to);
    mysqli_query($conn, "ALTER TABLE redcap_projects ADD COLUMN $column VARCHAR(20) NULL");
    usleep(500_000);
    mysqli_execute_query($conn, "UPDATE redcap_config SET value = ? WHERE field_name = 'redcap_version'", [$to]);
    echo "<p>REDCap has been upgraded from $from to $to.</p>\n";
} catch (mysqli_sql_exception $error) {
    echo "<p><b>ERROR:</b> {$error->getMessage()}</p>\n";
}
