<?php
// The files that REDCap and the mail client read, written whole from the secrets.
declare(strict_types=1);
require_once __DIR__ . '/secrets.php';
require_once __DIR__ . '/database.php';

const MYSQL_PORT = 3306;
const REGION_CA = '/run/redcap/rds-ca.pem';

/**
 * The bundle's authorities for this region. PHP reads the whole file for every connection: Amazon's 120 authorities for all
 * regions would cost each page 20 ms of CPU, these cost 2. An authority that names no region stays.
 */
function writeRegionCertificates(): void
{
    preg_match_all('/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?/s', file_get_contents(RDS_CA), $found);
    $ofRegion = array_filter($found[0], function (string $certificate): bool {
        ['subject' => $subject, 'validTo_time_t' => $end] = openssl_x509_parse($certificate);
        preg_match('/Amazon RDS ([a-z]{2,3}(?:-[a-z]+)+-\d)/', (string) json_encode($subject), $named);
        return $end > time() && in_array($named[1] ?? null, [null, region()], true);
    });
    if ($ofRegion === []) {
        throw new Refusal(RDS_CA . ' has no valid authority for ' . region() . ': build the image with Amazon\'s current bundle.');
    }
    replaceFile(REGION_CA, implode('', $ofRegion));
}

/** `database.php` as REDCap includes it. The salt is the installation's own and never changes. */
function writeDatabasePhp(array $database, array $salt): void
{
    writeRegionCertificates();
    $port = (int) $database['port'];
    $values = [
        'hostname' => $database['host'] . ($port === MYSQL_PORT ? '' : ":$port"),
        'db' => $database['dbname'],
        'username' => $database['username'],
        'password' => $database['password'],
        'salt' => $salt['salt'],
        'db_ssl_key' => null,
        'db_ssl_cert' => null,
        'db_ssl_ca' => REGION_CA,
        'db_ssl_capath' => null,
        'db_ssl_cipher' => null,
        'db_ssl_verify_server_cert' => true,
    ];
    if ($reader = getenv('READER_HOST')) {
        $values += [
            'read_replica_hostname' => $reader,
            'read_replica_db' => $database['dbname'],
            'read_replica_username' => $database['username'],
            'read_replica_password' => $database['password'],
        ];
    }
    $lines = array_map(fn ($name, $value) => "\$$name = " . var_export($value, true) . ';', array_keys($values), $values);
    replaceFile('/run/redcap/database.php', "<?php\n" . implode("\n", $lines) . "\n");
}

/** The SMTP relay for PHP's mail(). Without a relay, sending fails and REDCap is told so. */
function writeMailSettings(?array $mail): void
{
    $from = getenv('MAIL_FROM') ?: '';
    if ($mail !== null && $from === '') {
        throw new Refusal('MAIL_SECRET is given without MAIL_FROM, the address that the relay lets this REDCap send from.');
    }
    $set = getenv('MAIL_CONFIGURATION_SET') ?: '';
    if (!preg_match('/^[\w-]{0,64}$/D', $set)) {
        throw new Refusal('MAIL_CONFIGURATION_SET is not the name of an SES configuration set.');
    }
    $lines = $mail === null ? ['# no relay'] : [
        'account default',
        'host ' . quoted($mail['host']),
        'port ' . (int) $mail['port'],
        'tls on',
        // Port 465 speaks TLS at once, the others after STARTTLS.
        'tls_starttls ' . ((int) $mail['port'] === 465 ? 'off' : 'on'),
        'tls_trust_file /etc/ssl/certs/ca-certificates.crt',
        'auth on',
        'user ' . quoted($mail['username']),
        'password ' . quoted($mail['password']),
        // The envelope's sender, which the relay checks. The message's own From is REDCap's.
        'from ' . quoted($from),
        'timeout 30',
    ];
    replaceFile('/run/redcap/msmtprc', implode("\n", $lines) . "\n");
    // SES takes it out and acts on it.
    replaceFile('/run/redcap/mail-headers', $set === '' ? '' : "X-SES-CONFIGURATION-SET: $set\n");
}

/** A value for msmtp, which ends at a line's end and knows no way to write a quote. */
function quoted(string $value): string
{
    return preg_match('/["[:cntrl:]]/', $value)
        ? throw new Refusal('MAIL_SECRET and MAIL_FROM must not hold double quotes or line breaks.')
        : "\"$value\"";
}

/**
 * The hashes that Apache compares with, read anew for each request.
 * @param list<array<string, string|int>> $users
 */
function writeCronUsers(array $users): void
{
    // Cheap hashes do: the passwords are random and long, and each call of cron costs one comparison.
    $line = fn (array $user) => $user['username'] . ':' . password_hash($user['password'], PASSWORD_BCRYPT, ['cost' => 5]) . "\n";
    replaceFile('/run/redcap/cron.htpasswd', implode('', array_map($line, $users)));
}

/** Whoever reads at this moment gets the whole old file or the whole new one. */
function replaceFile(string $path, string $content): void
{
    umask(0077);
    $temporary = "$path." . getmypid();
    if (file_put_contents($temporary, $content) !== strlen($content) || !rename($temporary, $path)) {
        throw new RuntimeException("$path cannot be written.");
    }
}
