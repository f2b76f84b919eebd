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
