<?php
// The files that REDCap and the mail client read, written whole from the secrets.
declare(strict_types=1);
require_once __DIR__ . '/secrets.php';
require_once __DIR__ . '/database.php';

const MYSQL_PORT = 3306;

/** `database.php` as REDCap includes it. The salt is the installation's own and never changes. */
function writeDatabasePhp(array $database, array $salt): void
{
    $port = (int) $database['port'];
    $values = [
        'hostname' => $database['host'] . ($port === MYSQL_PORT ? '' : ":$port"),
        'db' => $database['dbname'],
        'username' => $database['username'],
        'password' => $database['password'],
        'salt' => $salt['salt'],
        'db_ssl_key' => null,
        'db_ssl_cert' => null,
        'db_ssl_ca' => RDS_CA,
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
    $from = getenv('MAIL_FROM');
    $lines = $mail === null ? ['# no relay'] : [
        'account default',
        "host {$mail['host']}",
        "port {$mail['port']}",
        'tls on',
        // Port 465 speaks TLS at once, the others after STARTTLS.
        'tls_starttls ' . ((int) $mail['port'] === 465 ? 'off' : 'on'),
        'tls_trust_file /etc/ssl/certs/ca-certificates.crt',
        'auth on',
        "user {$mail['username']}",
        "password {$mail['password']}",
        // The envelope's sender is REDCap's own unless the relay wants one address.
        $from ? "from $from" : 'auto_from on',
        'timeout 30',
    ];
    replaceFile('/run/redcap/msmtprc', implode("\n", $lines) . "\n");
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
