// What the function is asked, and how long it waits for S3.
import { type S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import { handler } from "../../../functions/access-key";
import { waitUntilS3Accepts } from "../../../functions/access-key/files";
import { parseSecretEvent } from "../../../functions/shared/event";
import { isDenied, retryWhile } from "../../../functions/shared/patience";

const ARN = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:redcap-prod/files-key-AbCdEf";
const rotation = { Step: "createSecret", SecretId: ARN, ClientRequestToken: "version" };

describe("an event", () => {
  test("is for the first key, or a step of Secrets Manager's, which may say more", () => {
    expect(parseSecretEvent({ action: "ensure" })).toEqual({ action: "ensure" });
    expect(parseSecretEvent({ ...rotation, RotationToken: "x" })).toEqual(rotation);
  });

  test.each([
    [{ action: "delete" }, /^Invalid event\. action: /],
    [{ action: "ensure", Step: "createSecret" }, /Step/],
    [{ ...rotation, Step: "deleteSecret" }, /^Invalid event\. Step: /],
    [{ Step: "createSecret", SecretId: ARN }, /^Invalid event\. ClientRequestToken: /],
    [null, /^Invalid event\. event: /],
  ])("%j is refused", (event, message) => {
    expect(() => parseSecretEvent(event)).toThrow(message);
  });

  test("of another secret is refused before anything is asked", async () => {
    Object.assign(process.env, {
      PURPOSE: "files",
      FILES_BUCKET: "files",
      KEY_USER: "redcap-prod-files",
      KEY_SECRET_ARN: ARN,
    });
    await expect(handler({ ...rotation, SecretId: `${ARN}2` })).rejects.toThrow(
      `${ARN}2 is not the secret of this function.`,
    );
    delete process.env.FILES_BUCKET;
    await expect(handler(rotation)).rejects.toThrow("lacks FILES_BUCKET");
    process.env.PURPOSE = "backup";
    await expect(handler(rotation)).rejects.toThrow("PURPOSE is files or mail, not backup.");
    for (const name of ["PURPOSE", "KEY_USER", "KEY_SECRET_ARN"]) delete process.env[name];
    await expect(handler(rotation)).rejects.toThrow("lacks PURPOSE");
  });
});

describe("a right that is on its way", () => {
  const denied = (name: string) => Object.assign(new Error("not authorized"), { name });
  const patience = { patienceMs: 100, retryMs: 5 };

  test.each(["AccessDenied", "AccessDeniedException"])("is waited for: %s", async (name) => {
    const work = jest.fn().mockRejectedValueOnce(denied(name)).mockResolvedValue("done");
    expect(await retryWhile(isDenied, work, patience)).toBe("done");
  });

  test("is not waited for without end, nor is anything else", async () => {
    const never = jest.fn().mockRejectedValue(denied("AccessDenied"));
    await expect(retryWhile(isDenied, never, patience)).rejects.toThrow("not authorized");
    expect(never.mock.calls.length).toBeGreaterThan(3);
    const other = jest.fn().mockRejectedValue(denied("LimitExceeded"));
    await expect(retryWhile(isDenied, other, patience)).rejects.toThrow();
    expect(other).toHaveBeenCalledTimes(1);
  });
});

describe("a key", () => {
  const key = { accessKeyId: "AKIA1", secretAccessKey: "a secret" };
  /** S3 that answers so, one status after the other; the last one stays. */
  const s3 = (...statuses: number[]) => {
    const send = jest.fn(async () => {
      const status = statuses.length > 1 ? statuses.shift() : statuses[0];
      if (status === 200) return {};
      throw new S3ServiceException({ name: "Forbidden", $fault: "client", $metadata: { httpStatusCode: status ?? 0 } });
    });
    return { send, options: { s3: { send } as unknown as S3Client, patienceMs: 200, retryMs: 10 } };
  };

  test("is tried until S3 takes it", async () => {
    const { send, options } = s3(403, 403, 200);
    await waitUntilS3Accepts(key, "files", options);
    expect(send).toHaveBeenCalledTimes(3);
  });

  test("that S3 never takes is told by its id", async () => {
    const { send, options } = s3(403);
    await expect(waitUntilS3Accepts(key, "files", options)).rejects.toThrow(
      /^S3 does not let key AKIA1 at files: Forbidden, HTTP 403\.$/,
    );
    expect(send.mock.calls.length).toBeGreaterThan(5);
  });

  test("is not tried again at a bucket that is not there", async () => {
    const { send, options } = s3(404);
    await expect(waitUntilS3Accepts(key, "files", options)).rejects.toThrow("HTTP 404");
    expect(send).toHaveBeenCalledTimes(1);
  });
});
