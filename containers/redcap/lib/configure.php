<?php
// Writes the configuration for a command that runs once, if the database is one for this REDCap.
declare(strict_types=1);
require_once __DIR__ . '/configuration.php';

main(function (): void {
    $database = secret('DATABASE');
    requireNotNewer(installedVersion(connect($database)) ?? throw new Refusal('REDCap is not installed yet.'));
    writeDatabasePhp($database, secret('SALT'));
    writeMailSettings(optionalSecret('MAIL'));
});
