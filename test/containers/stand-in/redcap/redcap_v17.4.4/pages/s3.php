<?php
// Lists the bucket with the key in redcap_config. ?endpoint= is where a test's S3 is: the setting holds a region's name.
$region = setting('amazon_s3_endpoint');
$bucket = setting('amazon_s3_bucket');
$curl = curl_init(($_GET['endpoint'] ?? "https://s3.$region.amazonaws.com") . "/$bucket?list-type=2");
curl_setopt_array($curl, [
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_AWS_SIGV4 => "aws:amz:$region:s3",
    CURLOPT_USERPWD => setting('amazon_s3_key') . ':' . setting('amazon_s3_secret'),
    CURLOPT_HTTPHEADER => ['x-amz-content-sha256: ' . hash('sha256', '')],
    CURLOPT_TIMEOUT => 10,
]);
$answer = curl_exec($curl);
http_response_code(curl_getinfo($curl, CURLINFO_RESPONSE_CODE) ?: 502);
header('Content-Type: application/xml');
echo $answer === false ? curl_error($curl) : $answer;
