<?php
// Connections to REDCap's database, the lock that lets one container at a time change it, and what state it is in.
declare(strict_types=1);
require_once __DIR__ . '/log.php';

const RDS_CA = '/etc/redcap/rds-ca.pem';
/** Seconds; a database that slept needs about 15 to answer. */
const DATABASE_CONNECT_TIMEOUT = 30;

/** TLS, with the server's certificate and name verified. @throws mysqli_sql_exception */
function connect(array $secret, int $timeout = DATABASE_CONNECT_TIMEOUT): mysqli
{
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $connection = mysqli_init();
    $connection->options(MYSQLI_OPT_CONNECT_TIMEOUT, $timeout);
    $connection->options(MYSQLI_OPT_SSL_VERIFY_SERVER_CERT, true);
    $connection->ssl_set(null, null, RDS_CA, null, null);
    error_clear_last();
    try {
        @$connection->real_connect($secret['host'], $secret['username'], $secret['password'], $secret['dbname'],
            (int) $secret['port'], null, MYSQLI_CLIENT_SSL);
    } catch (mysqli_sql_exception $error) {
        // Why TLS failed is in the driver's warning only. Both name user and host, never the password.
        $warning = error_get_last()['message'] ?? $error->getMessage();
        $reason = str_replace('mysqli::real_connect(): ', '', $warning);
        throw new mysqli_sql_exception("The database at {$secret['host']}: $reason", $error->getCode());
    }
    $connection->set_charset('utf8mb4');
    return $connection;
}

/**
 * Waits for what is not there yet, and says every few seconds what it waits for.
 * @template T
 * @param int $end Unix time at which to give up
 * @param callable(): ?T $attempt null or an exception: not yet
 * @return T
 */
function await(string $what, int $end, callable $attempt): mixed
{
    $start = time();
    for ($try = 0; ; $try++) {
        $reason = '';
        try {
            $result = $attempt();
            if ($result !== null) {
                return $result;
            }
        } catch (Refusal $error) {
            throw $error;
        } catch (RuntimeException $error) {
            $reason = ": {$error->getMessage()}";
        }
        if (time() >= $end) {
            throw new Refusal('Waited ' . (time() - $start) . " seconds for $what, in vain$reason.");
        }
        if ($try % 5 === 0) {
            logLine('info', "Waiting for $what$reason");
        }
        sleep(2);
    }
}

/** Held while the tables are made or changed: minutes. */
const TABLES_LOCK = 'redcap-prepare';
/** Held while settings are compared and set: an instant. */
const SETTINGS_LOCK = 'redcap-settings';

/** Runs the work while no other container does. The lock goes with the connection, so a killed container leaves none. */
function locked(mysqli $connection, string $lock, int $seconds, callable $work): mixed
{
    $statement = $connection->prepare('SELECT GET_LOCK(?, ?)');
    $statement->execute([$lock, $seconds]);
    if ($statement->get_result()->fetch_column() !== 1) {
        throw new Refusal("Another container is changing the database; waited $seconds seconds for it.");
    }
    try {
        return $work();
    } finally {
        $connection->prepare('DO RELEASE_LOCK(?)')->execute([$lock]);
    }
}

/** REDCap's version as the database knows it; null where no tables are. @throws Refusal for half an installation */
function installedVersion(mysqli $connection): ?string
{
    $tables = array_column($connection->query('SHOW TABLES')->fetch_all(), 0);
    if (in_array('redcap_config', $tables, true)) {
        $version = $connection->query("SELECT value FROM redcap_config WHERE field_name = 'redcap_version'")->fetch_column();
        if (is_string($version) && $version !== '') {
            return $version;
        }
    }
    if ($tables === []) {
        return null;
    }
    throw new Refusal('The database has ' . count($tables) . ' tables but no REDCap version: an installation has stopped half-way. ' .
        'If there is no data in it, drop the database, create it again (run the function database-users) and start a task.');
}

/** What the build wrote down: versions of REDCap and PHP, and the known weakness that was accepted, if any. */
function build(): array
{
    return json_decode(file_get_contents('/etc/redcap/build.json'), true);
}

/** Version of the REDCap in this image. */
function imageVersion(): string
{
    return build()['redcap'];
}

/** @throws Refusal where this image is older than the database: REDCap knows no way back */
function requireNotNewer(string $installed): void
{
    if (version_compare($installed, imageVersion(), '>')) {
        throw new Refusal("The database is at REDCap $installed, this image holds " . imageVersion() .
            ": deploy an image with $installed or later, or restore the database from before the upgrade.");
    }
}
