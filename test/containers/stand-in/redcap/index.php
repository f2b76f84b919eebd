<?php
// Stand-in for REDCap's pages: what is in the database, and who asked how. ?page=… are actions that the tests try.
require __DIR__ . '/redcap_connect.php';

if (preg_match('/^[a-z0-9]+$/', $_GET['page'] ?? '')) {
    $file = __DIR__ . '/redcap_v' . codeVersion() . "/pages/$_GET[page].php";
    is_file($file) ? require $file : http_response_code(404);
    exit;
}

/** Rows, or the reason why they cannot be counted. */
function countOf(string $what, string $table): string
{
    try {
        return (string) value("SELECT COUNT($what) FROM $table");
    } catch (mysqli_sql_exception $error) {
        return $error->getCode() === 1146 ? 'no table' : $error->getMessage();
    }
}

$shown = [
    'version' => setting('redcap_version') ?? 'not installed',
    'code' => codeVersion(),
    'projects' => countOf('*', 'redcap_projects'),
    'records' => countOf('DISTINCT project_id, record', 'redcap_data'),
    'rows' => countOf('*', 'redcap_data'),
    'scheme' => scheme(),
    'client' => $_SERVER['REMOTE_ADDR'],
    'server' => $_SERVER['SERVER_NAME'],
    'host' => $_SERVER['HTTP_HOST'] ?? '',
];
?>
<!doctype html>
<html lang="en">
<head><title>REDCap stand-in</title></head>
<body>
<h1>REDCap stand-in</h1>
<dl>
<?php foreach ($shown as $name => $text) { ?>
<dt><?= $name ?></dt><dd><span id="<?= $name ?>"><?= htmlspecialchars($text) ?></span></dd>
<?php } ?>
</dl>
</body>
</html>
