<?php
// Calls to AWS with the container's own credentials. libcurl signs them.
declare(strict_types=1);

/** Seconds. */
const CONNECT_TIMEOUT = 3;
const CALL_TIMEOUT = 10;

function region(): string
{
    return getenv('AWS_REGION') ?: throw new Refusal('AWS_REGION is not set.');
}

/** @return array{status: int, body: string} @throws RuntimeException where nothing answers */
function http(string $method, string $url, array $options = [], int $timeout = CALL_TIMEOUT): array
{
    $curl = curl_init($url);
    curl_setopt_array($curl, $options + [
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_NOBODY => $method === 'HEAD',
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CONNECTTIMEOUT => CONNECT_TIMEOUT,
        CURLOPT_TIMEOUT => $timeout,
    ]);
    $body = curl_exec($curl);
    if ($body === false) {
        throw new RuntimeException(parse_url($url, PHP_URL_HOST) . ' does not answer: ' . curl_error($curl));
    }
    return ['status' => curl_getinfo($curl, CURLINFO_RESPONSE_CODE), 'body' => (string) $body];
}

/**
 * Of the task's role on ECS and App Runner, or of the instance's role on EC2. No keys from the environment: PHP's processes
 * would have them, too.
 * @return array{AccessKeyId: string, SecretAccessKey: string, Token?: string}
 */
function credentials(): array
{
    if ($path = getenv('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI')) {
        return credentialsAt("http://169.254.170.2$path");
    }
    if ($url = getenv('AWS_CONTAINER_CREDENTIALS_FULL_URI')) {
        return credentialsAt($url);
    }
    $metadata = 'http://169.254.169.254/latest';
    $session = http('PUT', "$metadata/api/token", [CURLOPT_HTTPHEADER => ['X-aws-ec2-metadata-token-ttl-seconds: 60']]);
    $headers = [CURLOPT_HTTPHEADER => ["X-aws-ec2-metadata-token: {$session['body']}"]];
    $role = http('GET', "$metadata/meta-data/iam/security-credentials/", $headers);
    if ($role['status'] !== 200) {
        throw new RuntimeException('The container has no role: neither a task\'s nor an instance\'s.');
    }
    return credentialsAt("$metadata/meta-data/iam/security-credentials/" . trim($role['body']), $headers);
}

function credentialsAt(string $url, array $options = []): array
{
    ['status' => $status, 'body' => $body] = http('GET', $url, $options);
    $credentials = json_decode($body, true);
    if ($status !== 200 || !isset($credentials['AccessKeyId'])) {
        throw new RuntimeException("No credentials from the role: HTTP $status.");
    }
    return $credentials;
}

/** @return array{status: int, body: string} */
function signed(string $service, string $method, string $url, array $headers, string $body = '', int $timeout = CALL_TIMEOUT): array
{
    $credentials = credentials();
    if (!empty($credentials['Token'])) {
        $headers[] = "X-Amz-Security-Token: {$credentials['Token']}";
    }
    $options = [
        CURLOPT_AWS_SIGV4 => 'aws:amz:' . region() . ":$service",
        CURLOPT_USERPWD => "{$credentials['AccessKeyId']}:{$credentials['SecretAccessKey']}",
        CURLOPT_HTTPHEADER => $headers,
    ];
    return http($method, $url, $body === '' ? $options : $options + [CURLOPT_POSTFIELDS => $body], $timeout);
}

function endpoint(string $hostPrefix): string
{
    $suffix = str_starts_with(region(), 'cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    return getenv('AWS_ENDPOINT_URL') ?: "https://$hostPrefix." . region() . ".$suffix";
}

/** @throws RuntimeException with AWS's error code, never with a value */
function secretValue(string $arn): string
{
    return secretVersion($arn, 'AWSCURRENT') ?? throw new RuntimeException("Secrets Manager has no value of $arn.");
}

/** @return string|null null where no version has the label @throws as secretValue */
function secretVersion(string $arn, string $label): ?string
{
    $answer = signed('secretsmanager', 'POST', endpoint('secretsmanager') . '/', [
        'Content-Type: application/x-amz-json-1.1',
        'X-Amz-Target: secretsmanager.GetSecretValue',
    ], json_encode(['SecretId' => $arn, 'VersionStage' => $label], JSON_UNESCAPED_SLASHES));
    $value = json_decode($answer['body'], true);
    if (str_ends_with($value['__type'] ?? '', 'ResourceNotFoundException') && $label !== 'AWSCURRENT') {
        return null;
    }
    if ($answer['status'] !== 200 || !is_string($value['SecretString'] ?? null)) {
        throw new RuntimeException("Secrets Manager gives no value of $arn: HTTP {$answer['status']} " . ($value['__type'] ?? ''));
    }
    return $value['SecretString'];
}

/** Whether S3 lets the container list the bucket. Seconds are few: a health check waits for the answer. */
function bucketAnswers(string $bucket): bool
{
    $url = getenv('AWS_ENDPOINT_URL') ? endpoint('s3') . "/$bucket" : str_replace('https://', "https://$bucket.", endpoint('s3')) . '/';
    // HeadBucket has no body; S3 wants its hash all the same.
    $headers = ['X-Amz-Content-Sha256: ' . hash('sha256', '')];
    return signed('s3', 'HEAD', $url, $headers, timeout: CONNECT_TIMEOUT)['status'] === 200;
}
