<?php
// Log lines as JSON on stderr; CloudWatch Logs Insights finds their fields by itself.
declare(strict_types=1);

/** Must hold no secret and nothing of a patient: every line goes to CloudWatch. */
function logLine(string $level, string $message, array $fields = []): void
{
    $line = ['type' => 'container', 'time' => gmdate('Y-m-d\TH:i:s\Z'), 'level' => $level, 'message' => $message] + $fields;
    file_put_contents('php://stderr', json_encode($line, JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE) . "\n");
}

/** Something that the container cannot go on with; its message says what to do. */
final class Refusal extends RuntimeException
{
}

/** Runs a command; a failure becomes one line in the log, without a trace: a trace's arguments may hold secrets. */
function main(callable $command): never
{
    try {
        $command();
        exit(0);
    } catch (Throwable $error) {
        logLine('error', $error->getMessage());
        exit(1);
    }
}
