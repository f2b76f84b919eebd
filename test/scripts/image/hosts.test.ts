// Which hosts are found in code, on which line, and which of them need no review.
import { harmlessBecause, hostsIn, isSource } from "../../../scripts/image/hosts";

const found = (text: string) => hostsIn(text).map(({ host }) => host);

test.each([
  ["https", 'file_get_contents("https://api.bit.ly/v4/shorten");', "api.bit.ly"],
  ["http with port and user", "http://user:secret@Redcap.Vanderbilt.EDU:8080/x", "redcap.vanderbilt.edu"],
  ["a user's name that looks like a host", "https://www.w3.org@evil.io/", "evil.io"],
  ["a long user's name", `https://${"a".repeat(900)}@evil.io/`, "evil.io"],
  ["upper case", "HTTPS://STATS.REDCAP.IO", "stats.redcap.io"],
  ["WebSocket", "new WebSocket('wss://push.host.io/x')", "push.host.io"],
  ["a socket", 'fsockopen("ssl://smtp.mail.io", 465)', "smtp.mail.io"],
  ["TLS by another name", "stream_socket_client('tls://collector.io:443')", "collector.io"],
  ["a host without a scheme in PHP", "pfsockopen ( 'collector.io', 80)", "collector.io"],
  ["curl", 'curl_init("collector.io/path")', "collector.io"],
  ["an option of curl", "curl_setopt($ch, CURLOPT_URL, 'collector.io?x=1')", "collector.io"],
  ["a name that is looked up", 'gethostbyname("exfil.collector.io")', "exfil.collector.io"],
  ["protocol-relative", '<script src="//cdn.host.io/x.js"></script>', "cdn.host.io"],
  ["protocol-relative, unquoted", "<img src=//cdn.host.io/x.png>", "cdn.host.io"],
  ["protocol-relative in CSS", "background: url(//cdn.host.io/x.png)", "cdn.host.io"],
  ["JSON's slashes", '{"url":"https:\\/\\/api.host.io\\/x"}', "api.host.io"],
  ["JSON in a string", 'x = "{\\"u\\":\\"https:\\\\/\\\\/api.host.io\\\\/x\\"}"', "api.host.io"],
  ["character codes", '"https:\\x2f\\x2fapi.host.io\\u002fx"', "api.host.io"],
  ["a URL in a query", "login?next=https%3A%2F%2Fapi.host.io%2Fx", "api.host.io"],
  ["an international name", "https://bücher.example.io/", "xn--bcher-kva.example.io"],
  ["a full-width dot", "https://evil。io/", "evil.io"],
  ["a trailing dot", "https://evil.io./", "evil.io"],
  ["an address", "http://203.0.113.7/x", "203.0.113.7"],
  ["an address as one number", "http://3405803783/x", "203.0.113.7"],
  ["an address of version 6", "http://[2001:DB8::1]:80/", "2001:db8::1"],
  ["the address of credentials", "http://169.254.169.254/latest/", "169.254.169.254"],
  ["PHP's variable", 'fetch("https://{$this->bucket}.s3.amazonaws.com/")', "*.s3.amazonaws.com"],
  ["PHP's short variable", '"https://s3-$region.amazonaws.com/"', "s3-*.amazonaws.com"],
  ["JavaScript's variable", `x = "https://\${region}.host.io/"`, "*.host.io"],
  ["printf's variable", 'sprintf("https://%s.host.io/", $x)', "*.host.io"],
  ["a wrapper around a URL", 'fopen("compress.zlib://https://files.host.io/x.gz")', "files.host.io"],
])("finds %s", (_, text, host) => {
  expect(found(text)).toEqual([host]);
});

test.each([
  ["a comment", "// see file.name and this.value\n  //jquery.fn.x\n"],
  ["a comment after code", "x = f(//a.b\n1) //c.de"],
  ["PHP's own streams", 'file_get_contents("php://input"); fopen("phar://x.phar/y.php")'],
  ["a host that is a variable", `$x = "https://$host/x"; y = "https://\${a}/"; "http://" . $h`],
  ["a number in quotes", '"//1.5" + "//42"'],
  ["a word in quotes", '"//word"'],
  ["an empty URL", '"https://" "http:///x" "//"'],
  ["a call without a name", "gethostbyname($name); curl_init(); fsockopen('/run/x.sock')"],
])("finds nothing in %s", (_, text) => {
  expect(found(text)).toEqual([]);
});

test("a call and a URL that name one host: the first counts", () => {
  expect(hostsIn("fsockopen('a.io')\n'https://a.io'")).toEqual([{ host: "a.io", line: 1 }]);
  expect(hostsIn("'https://a.io'\nfsockopen('a.io')")).toEqual([{ host: "a.io", line: 1 }]);
});

test("each host once, with its first line, in the order of the text", () => {
  const text = "\n'https://b.io'\r\n'https://a.io' fsockopen('c.io')\n\n'https://b.io/2' 'https://d.io'";
  expect(hostsIn(text)).toEqual([
    { host: "b.io", line: 2 },
    { host: "a.io", line: 3 },
    { host: "c.io", line: 3 },
    { host: "d.io", line: 5 },
  ]);
});

test.each([
  ["www.w3.org", "XML namespace"],
  ["example.com", "reserved name"],
  ["redcap.example.org", "reserved name"],
  ["db.test", "reserved name"],
  ["localhost", "reserved name"],
  ["127.0.0.1", "loopback address"],
  ["::1", "loopback address"],
  ["10.1.2.3", "private address"],
  ["database", "no public name"],
])("%s needs no review: %s", (host, reason) => {
  expect(harmlessBecause(host)).toBe(reason);
});

test.each([
  "evil-www.w3.org.io",
  "www-w3.org",
  "notexample.com",
  "example.com.evil.io",
  "169.254.169.254",
  "203.0.113.7",
])("%s needs one", (host) => {
  expect(harmlessBecause(host)).toBeUndefined();
});

test("code, markup and data are read; pictures and programs are not", () => {
  const names = ["a.php", "b.JS", "c.min.mjs", "d.html", "e.inc", "f.json", "g.css", "h.sql", "i.txt"];
  expect(names.filter(isSource)).toEqual(names);
  expect(["a.png", "b.woff2", "php", "c.php.bak", "d.jar"].filter(isSource)).toEqual([]);
});

test.each([
  ["slashes", "/"],
  ["URLs", "https://"],
  ["names", "https://a.a.a.a"],
  ["dots", '"//.'],
  ["braces", "//{"],
  ["variables", "https://{$a}"],
  ["backslashes", "\\"],
  ["encoded slashes", "%2f%2f"],
  ["at signs", "https://@"],
  ["calls", "fsockopen   "],
  ["letters", "a"],
])("a megabyte of %s takes no longer than it should", (_, piece) => {
  const text = piece.repeat(1_000_000 / piece.length);
  const start = performance.now();
  hostsIn(text);
  expect(performance.now() - start).toBeLessThan(3_000);
});
