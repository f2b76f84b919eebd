<?php
// The certificate that a container of its own HTTPS is given. Apache reads it, with its key, from one file.
declare(strict_types=1);
require_once __DIR__ . '/configuration.php';

main(function (): void {
    ['certificate' => $certificate, 'privateKey' => $key] = secret('TLS');
    if (!openssl_x509_check_private_key($certificate, $key)) {
        throw new Refusal('TLS_SECRET: "certificate" and "privateKey" must be PEM and belong together.');
    }
    replaceFile('/run/redcap/tls.pem', "$key\n$certificate\n");
});
