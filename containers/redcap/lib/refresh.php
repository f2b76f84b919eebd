<?php
// Reads the secrets again and again while REDCap serves, so that a rotated password or key arrives without a new container.
// Touches the database only when a secret has changed: a sleeping one may sleep on.
declare(strict_types=1);
require_once __DIR__ . '/configuration.php';
require_once __DIR__ . '/settings.php';

/** Age at which a file in temp goes: a day, far longer than any request. */
const TEMP_SECONDS = 86_400;

/** @return array<string, ?array> */
function readSecrets(): array
{
    return ['DATABASE' => secret('DATABASE'), 'MAIL' => optionalSecret('MAIL'), 'FILES' => optionalSecret('FILES'), 'CRON' => cronUsers()];
}

function apply(array $now, array $before, array $salt): void
{
    if ($now['MAIL'] !== $before['MAIL']) {
        writeMailSettings($now['MAIL']);
    }
    if ($now['CRON'] !== $before['CRON'] && $now['CRON'] !== []) {
        writeCronUsers($now['CRON']);
    }
    if ($now['DATABASE'] !== $before['DATABASE'] || $now['FILES'] !== $before['FILES']) {
        // A password that the database does not take yet is not written: the next round tries again.
        $connection = connect($now['DATABASE']);
        // Only what the keys change: a later deployment may have set other values than this container's environment.
        applySettings($connection, array_diff_assoc(ownedSettings($now['FILES']), ownedSettings($before['FILES'])));
        writeDatabasePhp($now['DATABASE'], $salt);
    }
}

/** REDCap's cron empties its own container's folder, not this one's; a full disk would end uploads. */
function emptyTemp(): void
{
    foreach (new DirectoryIterator('/var/www/redcap/temp') as $file) {
        if ($file->isFile() && $file->getMTime() < time() - TEMP_SECONDS) {
            unlink($file->getPathname());
        }
    }
}

main(function (): void {
    // Its $salt is the one that start.php wrote.
    require '/run/redcap/database.php';
    $seconds = (int) getenv('REFRESH_SECONDS');
    // What changed since start.php wrote the files is caught by the comparison with nothing.
    $written = ['DATABASE' => null, 'MAIL' => null, 'FILES' => null, 'CRON' => null];
    while (true) {
        try {
            $current = readSecrets();
            if ($current !== $written) {
                apply($current, $written, ['salt' => $salt]);
                if ($written['DATABASE'] !== null) {
                    logLine('info', 'Secrets have changed and are in use.');
                }
                $written = $current;
            }
            if (secret('SALT')['salt'] !== $salt) {
                logLine('error', "The salt's secret has changed. It is not used: another salt makes REDCap's hashes worthless. Put the old value back.");
            }
        } catch (Throwable $error) {
            logLine('warning', "The secrets stay as they are for now: {$error->getMessage()}");
        }
        emptyTemp();
        sleep($seconds);
    }
});
