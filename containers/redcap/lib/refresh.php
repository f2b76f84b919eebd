<?php
// Reads the secrets again and again while REDCap serves, so that a rotated password or key arrives without a new container.
// Touches the database only when a secret has changed: a sleeping one may sleep on.
declare(strict_types=1);
require_once __DIR__ . '/configuration.php';
require_once __DIR__ . '/settings.php';

/** @return array<string, ?array> */
function readSecrets(): array
{
    return ['DATABASE' => secret('DATABASE'), 'SALT' => secret('SALT'), 'MAIL' => optionalSecret('MAIL'), 'FILES' => optionalSecret('FILES')];
}

function apply(array $now, array $before): void
{
    if ($now['DATABASE'] !== $before['DATABASE'] || $now['FILES'] !== $before['FILES']) {
        // A password that the database does not take yet is not written: the next round tries again.
        $connection = connect($now['DATABASE']);
        applySettings($connection, ownedSettings($now['FILES']));
        writeDatabasePhp($now['DATABASE'], $before['SALT']);
    }
    if ($now['MAIL'] !== $before['MAIL']) {
        writeMailSettings($now['MAIL']);
    }
}

main(function (): void {
    $seconds = (int) getenv('REFRESH_SECONDS');
    $current = readSecrets();
    // What changed since start.php wrote the files is caught by the comparison with nothing.
    $written = ['DATABASE' => null, 'MAIL' => null, 'FILES' => null, 'SALT' => $current['SALT']];
    while (true) {
        try {
            $current = readSecrets();
            if ($current['SALT'] !== $written['SALT']) {
                logLine('error', "The salt's secret has changed. It is not used: another salt makes REDCap's hashes worthless. Put the old value back.");
                $current['SALT'] = $written['SALT'];
            }
            if ($current !== $written) {
                apply($current, $written);
                if ($written['DATABASE'] !== null) {
                    logLine('info', 'Secrets have changed and are in use.');
                }
                $written = $current;
            }
        } catch (Throwable $error) {
            logLine('warning', "The secrets stay as they are for now: {$error->getMessage()}");
        }
        sleep($seconds);
    }
});
