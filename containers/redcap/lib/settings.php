<?php
// The rows of redcap_config that the deployment owns, set once for each change of their value.
// What an administrator changes later stays until the deployment wants something new.
declare(strict_types=1);
require_once __DIR__ . '/database.php';

const APPLIED_SETTINGS = 'aws_applied_settings';

/** Needs the DDL user. Holds hashes only: some of the values are secret. */
function createAppliedSettings(mysqli $connection): void
{
    $connection->query('CREATE TABLE IF NOT EXISTS ' . APPLIED_SETTINGS . ' (
        field_name VARCHAR(191) NOT NULL PRIMARY KEY,
        value_sha256 CHAR(64) NOT NULL,
        applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
    ) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4');
}

/** @return array<string, string> by field name; only what the environment knows */
function ownedSettings(?array $filesKey): array
{
    $settings = ['read_replica_enable' => getenv('READER_HOST') ? '1' : '0'];
    if ($filesKey !== null) {
        $settings += [
            // 2: Amazon S3.
            'edoc_storage_option' => '2',
            'amazon_s3_key' => $filesKey['accessKeyId'],
            'amazon_s3_secret' => $filesKey['secretAccessKey'],
            'amazon_s3_bucket' => getenv('FILES_BUCKET') ?: throw new Refusal('FILES_SECRET is given without FILES_BUCKET.'),
            'amazon_s3_endpoint' => region(),
        ];
    }
    foreach (['redcap_base_url' => 'BASE_URL', 'from_email' => 'MAIL_FROM'] as $field => $variable) {
        if ($value = getenv($variable)) {
            $settings[$field] = $value;
        }
    }
    return $settings;
}

/** Applies what differs from what was applied last. @return list<string> names of the fields that were set */
function applySettings(mysqli $connection, array $settings): array
{
    return locked($connection, SETTINGS_LOCK, 60, function () use ($connection, $settings): array {
        $applied = array_column($connection->query('SELECT field_name, value_sha256 FROM ' . APPLIED_SETTINGS)->fetch_all(), 1, 0);
        $changed = array_filter($settings, fn ($value, $field) => ($applied[$field] ?? '') !== hash('sha256', $value), ARRAY_FILTER_USE_BOTH);
        $connection->begin_transaction();
        $set = $connection->prepare('INSERT INTO redcap_config (field_name, value) VALUES (?, ?) ON DUPLICATE KEY UPDATE value = VALUES(value)');
        $remember = $connection->prepare('INSERT INTO ' . APPLIED_SETTINGS .
            ' (field_name, value_sha256) VALUES (?, ?) ON DUPLICATE KEY UPDATE value_sha256 = VALUES(value_sha256)');
        foreach ($changed as $field => $value) {
            $set->execute([$field, $value]);
            $remember->execute([$field, hash('sha256', $value)]);
        }
        $connection->commit();
        if ($changed) {
            logLine('info', 'Settings applied: ' . implode(', ', array_keys($changed)));
        }
        return array_keys($changed);
    });
}

/** Statements that `npm run gen:redcap-config` wrote, which keep the same table: running them again changes nothing. */
function runSettingsSql(mysqli $connection): void
{
    $sql = getenv('SETTINGS_SQL');
    if (!$sql) {
        return;
    }
    $changed = locked($connection, SETTINGS_LOCK, 60, function () use ($connection, $sql): int {
        $connection->begin_transaction();
        $changed = 0;
        // Errors of any statement are thrown; the results must be fetched for the next one to run.
        for ($more = $connection->multi_query($sql); $more; $more = $connection->more_results() && $connection->next_result()) {
            $changed += max(0, $connection->affected_rows);
        }
        $connection->commit();
        return $changed;
    });
    if ($changed) {
        logLine('info', 'The settings of redcap-config are applied.');
    }
}
