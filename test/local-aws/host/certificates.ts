// A certificate authority for 127.0.0.1, made for one run: what Amazon's is for a real Aurora cluster.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command } from "./processes";

export interface Certificates {
  /** PEM files. */
  caFile: string;
  certificateFile: string;
  keyFile: string;
}

export async function makeCertificates(openssl: string, folder: string): Promise<Certificates> {
  const file = (name: string) => join(folder, name);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  // -config: the answers do not depend on the machine's own openssl.cnf.
  writeFileSync(file("openssl.cnf"), "[req]\ndistinguished_name = dn\n[dn]\n");
  const config = ["-config", file("openssl.cnf")];
  await command(openssl, [
    ...["req", "-x509", ...config, ...key, "-days", "30", "-subj", "/CN=Local AWS test authority"],
    ...["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"],
    ...["-keyout", file("ca-key.pem"), "-out", file("ca.pem")],
  ]);
  await command(openssl, [
    ...[
      "req",
      ...config,
      ...key,
      "-subj",
      "/CN=localhost",
      "-keyout",
      file("server-key.pem"),
      "-out",
      file("server.csr"),
    ],
  ]);
  writeFileSync(file("server.ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n");
  await command(openssl, [
    ...["x509", "-req", "-in", file("server.csr"), "-CA", file("ca.pem"), "-CAkey", file("ca-key.pem"), "-days", "30"],
    ...["-set_serial", "2", "-extfile", file("server.ext"), "-out", file("server.pem")],
  ]);
  return { caFile: file("ca.pem"), certificateFile: file("server.pem"), keyFile: file("server-key.pem") };
}

export function readPem(file: string): string {
  return readFileSync(file, "utf8");
}
