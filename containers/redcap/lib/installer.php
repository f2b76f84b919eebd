<?php
// Runs REDCap's own install.php and upgrade.php as the DDL user. Apache shows them to nobody, so PHP's built-in server
// does, on loopback, for one request.
declare(strict_types=1);
require_once __DIR__ . '/configuration.php';

/** Seconds in which the built-in server must answer. */
const SERVER_START_TIMEOUT = 10;
/** Characters of REDCap's answer that go into the log. */
const ANSWER_LIMIT = 2000;

/** @return string the page's text @throws RuntimeException with the text, unless HTTP status 200 came */
function runPage(string $page, array $ddl): string
{
    writeDatabasePhp($ddl, secret('SALT'));
    $port = freePort();
    // The secrets stay here: REDCap's code finds the database in database.php, and nothing else.
    $environment = array_filter(getenv(), fn ($name) => !preg_match('/_SECRET|^AWS_/', $name), ARRAY_FILTER_USE_KEY);
    $command = [PHP_BINARY, '-d', 'max_execution_time=0', '-S', "127.0.0.1:$port", '-t', '/var/www/redcap'];
    $server = proc_open($command, [1 => STDERR, 2 => ['file', '/dev/null', 'w']], $pipes, '/var/www/redcap', $environment);
    try {
        awaitPort($port);
        ['status' => $status, 'body' => $body] = http('GET', "http://127.0.0.1:$port/$page?auto=1", timeout: 0);
    } finally {
        proc_terminate($server);
        proc_close($server);
        unlink('/run/redcap/database.php');
    }
    $text = trim(preg_replace('/\s+/', ' ', html_entity_decode(strip_tags($body))));
    if ($status !== 200) {
        throw new RuntimeException("$page answered HTTP $status: " . mb_substr($text, -ANSWER_LIMIT));
    }
    return mb_substr($text, -ANSWER_LIMIT);
}

function freePort(): int
{
    $socket = stream_socket_server('tcp://127.0.0.1:0');
    $name = stream_socket_get_name($socket, false);
    fclose($socket);
    return (int) substr($name, strrpos($name, ':') + 1);
}

function awaitPort(int $port): void
{
    $end = microtime(true) + SERVER_START_TIMEOUT;
    while (!($socket = @fsockopen('127.0.0.1', $port))) {
        if (microtime(true) > $end) {
            throw new RuntimeException("PHP's built-in server did not start on port $port.");
        }
        usleep(50_000);
    }
    fclose($socket);
}
