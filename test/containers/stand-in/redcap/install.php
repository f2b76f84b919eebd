<?php
// Stand-in for REDCap's installation: without a password, and like it not made to run twice at the same time.
require __DIR__ . '/redcap_connect.php';
set_time_limit(0);

if (setting('redcap_version') !== null) {
    exit("REDCap is already installed.\n");
}
if (($_GET['auto'] ?? '') !== '1') {
    exit("<form>Press here to install REDCap into the database $db.</form>\n");
}
$folder = __DIR__ . '/redcap_v' . codeVersion();
try {
    foreach (require "$folder/tables.php" as $statement) {
        mysqli_query($conn, $statement);
        // A real installation takes a minute; this is long enough for a second one to come in between.
        usleep(100_000);
        if (is_file("$folder/fail-install")) {
            throw new mysqli_sql_exception(trim(file_get_contents("$folder/fail-install")));
        }
    }
    $insert = 'INSERT INTO redcap_config (field_name, value) VALUES (?, ?)';
    $values = [
        'edoc_storage_option' => '0', 'amazon_s3_key' => '', 'amazon_s3_secret' => '', 'amazon_s3_bucket' => '',
        'amazon_s3_endpoint' => '', 'redcap_base_url' => '', 'from_email' => '', 'read_replica_enable' => '0',
        'project_contact_email' => 'nobody@example.org', 'redcap_version' => codeVersion(),
    ];
    foreach ($values as $name => $text) {
        mysqli_execute_query($conn, $insert, [$name, $text]);
    }
    mysqli_execute_query($conn, 'INSERT INTO redcap_projects (project_id, project_name) VALUES (0, ?)', ['first']);
    echo '<p>REDCap ' . codeVersion() . " has been installed.</p>\n";
} catch (mysqli_sql_exception $error) {
    // REDCap shows what failed in the page, and answers 200.
    echo "<p><b>ERROR:</b> {$error->getMessage()}</p>\n";
}
