<?php
// Secrets by name: `X_SECRET` holds the JSON itself (put there by ECS), `X_SECRET_ARN` says where to read it.
declare(strict_types=1);
require_once __DIR__ . '/log.php';
require_once __DIR__ . '/aws.php';

/** Keys that each secret must have. */
const SECRETS = [
    'DATABASE' => ['host', 'port', 'dbname', 'username', 'password'],
    'DDL' => ['host', 'port', 'dbname', 'username', 'password'],
    'SALT' => ['salt'],
    'CRON' => ['username', 'password'],
    'FILES' => ['accessKeyId', 'secretAccessKey'],
    'TLS' => ['certificate', 'privateKey'],
    'MAIL' => ['host', 'port', 'username', 'password'],
];

/** @return array<string, string|int>|null null where the environment names no such secret */
function optionalSecret(string $name): ?array
{
    $arn = getenv("{$name}_SECRET_ARN");
    $text = $arn ? secretValue($arn) : getenv("{$name}_SECRET");
    if ($text === false || $text === '') {
        return null;
    }
    return parsedSecret($name, $text);
}

/** @return array<string, string|int> */
function parsedSecret(string $name, string $text): array
{
    $value = json_decode($text, true);
    $shape = 'it must be JSON with ' . implode(', ', SECRETS[$name]) . '.';
    if (!is_array($value)) {
        throw new Refusal("{$name}_SECRET is not a JSON object: $shape");
    }
    foreach (SECRETS[$name] as $key) {
        if (!isset($value[$key]) || $value[$key] === '') {
            throw new Refusal("{$name}_SECRET lacks \"$key\": $shape");
        }
    }
    return $value;
}

/** @return array<string, string|int> */
function secret(string $name): array
{
    return optionalSecret($name) ?? throw new Refusal("Neither {$name}_SECRET_ARN nor {$name}_SECRET is set.");
}

/**
 * Who may start cron over HTTP: with the current password, and with the one that is about to replace it. A rotation has the caller
 * use the new one only when every container knows it.
 * @return list<array<string, string|int>>
 */
function cronUsers(): array
{
    $arn = getenv('CRON_SECRET_ARN');
    if (!$arn) {
        return [];
    }
    $texts = array_map(fn ($label) => secretVersion($arn, $label), ['AWSCURRENT', 'AWSPENDING']);
    return array_map(fn ($text) => parsedSecret('CRON', $text), array_values(array_unique(array_filter($texts))));
}
