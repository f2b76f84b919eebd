// The image with HTTPS of its own, as on the maintenance server: the server's own script says how the container is started.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type PeerCertificate } from "node:tls";
import { Agent, request } from "undici";
import { type Container, describeContainers, runContainer, runToEnd } from "./engine";
import { type ImageUnderTest, imageUnderTest, shown } from "./setup";

const TLS = { TLS: "on", TRUSTED_PROXIES: "127.0.0.1/32", REQUEST_TIMEOUT_SECONDS: String(72 * 3600) };

/** A browser that was told to go on in spite of the certificate. */
const trusting = new Agent({ connect: { rejectUnauthorized: false } });

async function ask(container: Container, path: string, headers: Record<string, string> = {}) {
  const answer = await request(`https://127.0.0.1:${container.port}${path}`, { dispatcher: trusting, headers });
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
}

/** The certificate that it shows, and the protocol. */
function handshake(container: Container): Promise<{ certificate: PeerCertificate; protocol: string | null }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port: container.port, rejectUnauthorized: false }, () => {
      resolve({ certificate: socket.getPeerCertificate(), protocol: socket.getProtocol() });
      socket.end();
    });
    socket.on("error", reject);
  });
}

describeContainers("the image with HTTPS of its own", () => {
  let image: ImageUnderTest;
  let container: Container;

  const serve = async (environment: Record<string, string>) => {
    const started = await runContainer(image.options("serve", environment));
    await started.waitFor("A serving container", async () => {
      try {
        return (await ask(started, "/health/live")).status === 200 || undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ECONNREFUSED") throw error;
      }
    });
    return started;
  };

  beforeAll(async () => {
    image = await imageUnderTest();
    container = await serve(TLS);
  }, 900_000);
  afterAll(() => image?.stop());

  test("serves REDCap's page, which knows that it came by HTTPS", async () => {
    const { status, body } = await ask(container, "/");
    expect([status, shown(body, "version"), shown(body, "scheme")]).toEqual([200, "17.4.4", "https"]);
    const plain = await fetch(container.url("/")).then(
      ({ status }) => status,
      () => 0,
    );
    expect(plain).not.toBe(200);
  });

  test("makes a certificate of its own at each start, for localhost and some days, and logs its fingerprint", async () => {
    const { certificate, protocol } = await handshake(container);
    expect(protocol).toBe("TLSv1.3");
    expect(certificate.subjectaltname).toBe("DNS:localhost, IP Address:127.0.0.1");
    const days = (Date.parse(certificate.valid_to) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(3);
    expect(days).toBeLessThan(5);
    expect(container.text()).toContain(certificate.fingerprint256);
    const other = await serve(TLS);
    expect((await handshake(other)).certificate.fingerprint256).not.toBe(certificate.fingerprint256);
    await other.stop();
  });

  test("tells browsers nothing of HTTPS for the rest of localhost", async () => {
    const { headers } = await ask(container, "/");
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff" });
    expect(headers).not.toHaveProperty("strict-transport-security");
  });

  test("shows the certificate of a secret, and refuses one whose key is another's", async () => {
    const folder = mkdtempSync(join(tmpdir(), "redcap-tls-"));
    try {
      const made = (name: string) => {
        const files = { key: join(folder, `${name}.key`), certificate: join(folder, `${name}.pem`) };
        const subject = ["-subj", `/CN=${name}.example.org`, "-days", "30", "-noenc"];
        execFileSync("openssl", [
          ...["req", "-x509", "-newkey", "rsa:2048", ...subject],
          ...["-keyout", files.key, "-out", files.certificate],
        ]);
        return { certificate: readFileSync(files.certificate, "utf8"), privateKey: readFileSync(files.key, "utf8") };
      };
      const own = made("maintenance");
      const arn = await image.database.createSecret("certificate", own);
      const supplied = await serve({ ...TLS, TLS_SECRET_ARN: arn });
      expect((await handshake(supplied)).certificate.subject.CN).toBe("maintenance.example.org");
      await supplied.stop();

      const wrong = JSON.stringify({ ...own, privateKey: made("other").privateKey });
      const refused = await runToEnd(image.options("serve", { ...TLS, TLS_SECRET: wrong }));
      expect(refused.exitCode).not.toBe(0);
      expect(refused.stderr).toMatch(/belong together/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("takes nothing but on", async () => {
    const { exitCode, stderr } = await runToEnd(image.options("serve", { TLS: "yes" }));
    expect([exitCode, stderr]).toEqual([64, expect.stringContaining('TLS is "yes"')]);
  });
});
