<?php
// PHP as it runs: ?ini=a,b are values to show. Also redcap_config (?config), the server's variables and the environment.
header('Content-Type: application/json');
$rows = isset($_GET['config']) ? mysqli_fetch_all(mysqli_query($conn, 'SELECT field_name, value FROM redcap_config')) : [];
$names = array_filter(explode(',', $_GET['ini'] ?? ''));
echo json_encode([
    'php' => PHP_VERSION,
    'extensions' => array_map('strtolower', array_merge(get_loaded_extensions(), get_loaded_extensions(true))),
    'ini' => (object) array_combine($names, array_map('ini_get', $names)),
    'config' => (object) array_column($rows, 1, 0),
    'server' => $_SERVER,
    'environment' => getenv(),
    'user' => posix_getpwuid(posix_geteuid())['name'],
    'opcache' => function_exists('opcache_get_status') && opcache_get_status(false) !== false,
]);
