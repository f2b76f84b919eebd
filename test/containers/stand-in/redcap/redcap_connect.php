<?php
// Stand-in for REDCap's connection: every entry point includes it. Gives $conn and the functions below.

require __DIR__ . '/database.php';

/** A connection over TLS, as database.php describes it. */
function databaseConnection(string $host, string $db, string $username, string $password): mysqli
{
    [$name, $port] = explode(':', $host) + [1 => 3306];
    $conn = mysqli_init();
    $flags = 0;
    if (($GLOBALS['db_ssl_ca'] ?? '') !== '') {
        $verify = $GLOBALS['db_ssl_verify_server_cert'] ?? false;
        mysqli_options($conn, MYSQLI_OPT_SSL_VERIFY_SERVER_CERT, $verify);
        mysqli_ssl_set($conn, $GLOBALS['db_ssl_key'] ?? null, $GLOBALS['db_ssl_cert'] ?? null, $GLOBALS['db_ssl_ca'], null, null);
        $flags = MYSQLI_CLIENT_SSL | ($verify ? 0 : MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT);
    }
    mysqli_real_connect($conn, $name, $username, $password, $db, (int) $port, null, $flags);
    mysqli_set_charset($conn, 'utf8mb4');
    return $conn;
}

/** The first column of the first row; null where there is none. */
function value(string $sql, array $values = []): mixed
{
    $result = mysqli_execute_query($GLOBALS['conn'], $sql, $values);
    return $result === true ? null : (mysqli_fetch_row($result)[0] ?? null);
}

/** A row of redcap_config; null before the installation, too. */
function setting(string $name): ?string
{
    try {
        return value('SELECT value FROM redcap_config WHERE field_name = ?', [$name]);
    } catch (mysqli_sql_exception $error) {
        return null;
    }
}

/** Version of the code: the newest folder redcap_v<version>. */
function codeVersion(): string
{
    $versions = array_map(fn ($folder) => substr(basename($folder), strlen('redcap_v')), glob(__DIR__ . '/redcap_v*'));
    usort($versions, 'version_compare');
    return end($versions);
}

/** Is the address bar's scheme https? */
function scheme(): string
{
    return ($_SERVER['HTTPS'] ?? 'off') === 'on' ? 'https' : 'http';
}

try {
    $conn = databaseConnection($hostname, $db, $username, $password);
} catch (mysqli_sql_exception $error) {
    error_log("REDCap stand-in: {$error->getMessage()}");
    http_response_code(500);
    exit("ERROR: Could not connect to the database.\n");
}
