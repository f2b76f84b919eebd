<?php
// Stand-in for REDCap's surveys: ?s= is the survey, and an answer is stored.
require __DIR__ . '/../redcap_connect.php';

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $row = [substr($_GET['s'] ?? '', 0, 100), substr($_POST['answer'] ?? '', 0, 1000)];
    mysqli_execute_query($conn, "INSERT INTO redcap_data (project_id, event_id, record, field_name, value) VALUES (0, 0, ?, 'answer', ?)", $row);
    exit("<p>Thank you.</p>\n");
}
?>
<form method="post"><input name="answer"><button>Submit</button></form>
