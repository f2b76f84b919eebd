<?php
// Tries what only the DDL user may: says what the database answered to each.
header('Content-Type: application/json');
$answers = [];
foreach (['CREATE TABLE attempt (id INT)', 'ALTER TABLE redcap_config ADD attempt INT', 'DROP TABLE redcap_config'] as $sql) {
    try {
        value($sql);
        $answers[$sql] = 'done';
    } catch (mysqli_sql_exception $error) {
        $answers[$sql] = $error->getMessage();
    }
}
echo json_encode($answers);
