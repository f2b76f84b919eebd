<?php
// `redcap upgrade`: brings the database to the version of this image. Take a snapshot first; there is no way back but that.
declare(strict_types=1);
require_once __DIR__ . '/installer.php';

main(function (): void {
    $ddl = secret('DDL');
    $connection = connect($ddl);
    // Does not wait: an upgrade is started by a person or a pipeline, and a second one is a mistake.
    locked($connection, TABLES_LOCK, 0, function () use ($connection, $ddl): void {
        $from = installedVersion($connection) ?? throw new Refusal('The database is empty: `redcap prepare` installs it.');
        requireNotNewer($from);
        if ($from === imageVersion()) {
            logLine('info', "The database is at REDCap $from already.");
            return;
        }
        logLine('info', "Upgrading the database from REDCap $from to " . imageVersion() . '.');
        $answer = runPage('upgrade.php', $ddl);
        $to = installedVersion($connection);
        if ($to !== imageVersion()) {
            throw new Refusal("After upgrade.php the database is still at REDCap $to. It said: $answer");
        }
        logLine('info', "The database is at REDCap $to.");
    });
});
