<?php
// Writes the configuration, for a command that runs once.
declare(strict_types=1);
require_once __DIR__ . '/configuration.php';

main(function (): void {
    writeDatabasePhp(secret('DATABASE'), secret('SALT'));
    writeMailSettings(optionalSecret('MAIL'));
});
