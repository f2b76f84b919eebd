<?php
// Before the first request: waits for the installed database, checks the version, writes the configuration, sets what the
// deployment owns in redcap_config.
declare(strict_types=1);
require_once __DIR__ . '/configuration.php';
require_once __DIR__ . '/settings.php';

main(function (): void {
    $end = time() + (int) getenv('START_TIMEOUT_SECONDS');
    // Another container of the task has the right to install. The secret is read and the database connected to each time:
    // while this waits, passwords change and databases fail over.
    [$database, $connection] = await('a database in which `redcap prepare` has installed REDCap', $end, function (): ?array {
        $database = secret('DATABASE');
        $connection = connect($database);
        return isPrepared($connection) ? [$database, $connection] : null;
    });
    $installed = installedVersion($connection);
    requireNotNewer($installed);
    if ($installed !== imageVersion()) {
        logLine('warning', "The database is at REDCap $installed, this image holds " . imageVersion() . ': run `redcap upgrade`.');
    }
    if ($risk = build()['acceptedRisk']) {
        logLine('warning', 'REDCap ' . imageVersion() . " has the known weakness $risk, which was accepted when this image was built.");
    }
    writeDatabasePhp($database, secret('SALT'));
    writeMailSettings(optionalSecret('MAIL'));
    if (getenv('CRON_SECRET_ARN')) {
        writeCronUsers(cronUsers());
    }
    applySettings($connection, ownedSettings(optionalSecret('FILES')));
    runSettingsSql($connection);
});

/** The table is the last thing that `prepare` makes. */
function isPrepared(mysqli $connection): bool
{
    return $connection->query("SHOW TABLES LIKE '" . APPLIED_SETTINGS . "'")->num_rows === 1;
}
