<?php
// Runs REDCap's own install.php and upgrade.php as the DDL user. Apache shows them to nobody, so PHP's built-in server
// does, on loopback, for one request.
declare(strict_types=1);
require_once __DIR__ . '/configuration.php';

/** Seconds in which the built-in server must answer. */
const SERVER_START_TIMEOUT = 10;
/** Characters of REDCap's answer that go into the log. */
const ANSWER_LIMIT = 2000;

/** @return string the page's text @throws RuntimeException with text and PHP's errors, unless HTTP status 200 came */
function runPage(string $page, array $ddl): string
{
    writeDatabasePhp($ddl, secret('SALT'));
    $port = freePort();
    // The secrets stay here: REDCap's code finds the database in database.php, and nothing else.
    $environment = array_filter(getenv(), fn ($name) => !preg_match('/_SECRET|^AWS_/', $name), ARRAY_FILTER_USE_KEY);
    // REDCap may call its own pages.
    $environment['PHP_CLI_SERVER_WORKERS'] = '4';
    // A session of its own, so that the server ends together with its workers.
    $command = ['setsid', PHP_BINARY, '-d', 'max_execution_time=0', '-S', "127.0.0.1:$port", '-t', '/var/www/redcap'];
    $errors = '/run/redcap/installer.log';
    $server = proc_open($command, [1 => STDERR, 2 => ['file', $errors, 'w']], $pipes, '/var/www/redcap', $environment);
    // Half an installation is worse than a late stop: the platform's own patience decides.
    pcntl_signal(SIGTERM, SIG_IGN);
    try {
        awaitPort($port);
        ['status' => $status, 'body' => $body] = http('GET', "http://127.0.0.1:$port/$page?auto=1", timeout: 0);
    } finally {
        posix_kill(-proc_get_status($server)['pid'], SIGKILL);
        proc_close($server);
        unlink('/run/redcap/database.php');
    }
    $answer = lastOf(html_entity_decode(strip_tags($body)) . ' ' . phpErrors($errors));
    if ($status !== 200) {
        throw new RuntimeException("$page answered HTTP $status: $answer");
    }
    return $answer;
}

/** What PHP wrote beside the built-in server's own lines about connections and requests. */
function phpErrors(string $file): string
{
    $lines = preg_grep('/ (Accepted|Closing|Closed without|\[\d{3}\]: |PHP [\d.]+ Development Server)/', file($file), PREG_GREP_INVERT);
    unlink($file);
    return implode(' ', $lines);
}

function lastOf(string $text): string
{
    return mb_substr(trim(preg_replace('/\s+/', ' ', $text)), -ANSWER_LIMIT);
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
