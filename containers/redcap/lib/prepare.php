<?php
// `redcap prepare`: installs REDCap into an empty database, once, however many containers start. Quick where it is installed.
declare(strict_types=1);
require_once __DIR__ . '/installer.php';
require_once __DIR__ . '/settings.php';

/** Seconds in which a paused or failing-over database must be back. */
const DATABASE_START_TIMEOUT = 300;
/** Seconds that another container may take to install. */
const INSTALL_TIMEOUT = 900;

main(function (): void {
    $ddl = secret('DDL');
    $connection = await('the database', time() + DATABASE_START_TIMEOUT, fn () => connect($ddl));
    locked($connection, TABLES_LOCK, INSTALL_TIMEOUT, function () use ($connection, $ddl): void {
        $installed = installedVersion($connection);
        if ($installed === null) {
            logLine('info', 'The database is empty: installing REDCap ' . imageVersion() . '.');
            $answer = runPage('install.php', $ddl);
            try {
                $installed = installedVersion($connection) ?? throw new Refusal('install.php made no tables.');
            } catch (Refusal $refusal) {
                throw new Refusal("{$refusal->getMessage()} install.php said: $answer");
            }
            logLine('info', "REDCap $installed is installed.");
        }
        requireNotNewer($installed);
        createAppliedSettings($connection);
    });
});
