// Each step of a rotation, repeated and interrupted anywhere: the key that containers use is never lost.
import { ensure, rotation as ofKeys } from "../../../functions/access-key/keys";
import type { RotationEvent } from "../../../functions/shared/event";
import { rotate } from "../../../functions/shared/rotation";
import { ARN, Model } from "./models";

const STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;

let model: Model;
beforeEach(() => {
  jest.spyOn(console, "log").mockImplementation(() => undefined);
  model = new Model();
});
afterEach(() => jest.restoreAllMocks());

const step = (Step: RotationEvent["Step"], version: string) =>
  rotate({ Step, SecretId: ARN, ClientRequestToken: version }, model.settings.secret, ofKeys(model.settings));
const steps = async (version: string) => {
  for (const name of STEPS) await step(name, version);
};
const rotateTo = async (version: string) => {
  model.begin(version);
  await steps(version);
};
/** A stage after its first key and some rotations. */
const after = async (rotations: number) => {
  await ensure(model.settings);
  for (let number = 1; number <= rotations; number += 1) await rotateTo(`rotation-${number}`);
};

describe("the first key", () => {
  test("is made, tried and written, once", async () => {
    expect(await ensure(model.settings)).toEqual({ created: true });
    expect(model.current).toEqual({ accessKeyId: "AKIA1", secretAccessKey: "secret of AKIA1" });
    expect(model.tried).toEqual(["AKIA1"]);
    expect(await ensure(model.settings)).toEqual({ created: false });
    expect(model.keys).toEqual(["AKIA1"]);
  });

  test("is not written before S3 takes it", async () => {
    const refusing = {
      ...model.settings,
      purpose: { ...model.settings.purpose, waitUntilAccepted: () => Promise.reject(new Error("not yet")) },
    };
    await expect(ensure(refusing)).rejects.toThrow("not yet");
    expect(model.current).toBeUndefined();
    await ensure(model.settings);
    expect(model.current?.accessKeyId).toBe("AKIA2");
  });

  test("is made anew for a user who was made anew, and left alone after a rotation", async () => {
    await after(2);
    expect(await ensure(model.settings)).toEqual({ created: false });
    model.keys = [];
    expect(await ensure(model.settings)).toEqual({ created: true });
    expect(model.keys).toEqual([model.current?.accessKeyId]);
  });

  test("can come from a rotation, too", async () => {
    await rotateTo("rotation-1");
    expect(model.current?.accessKeyId).toBe("AKIA1");
  });

  test("makes room when interrupted runs have left two keys that nobody knows", async () => {
    model.keys = ["AKIA-2", "AKIA-1"];
    await ensure(model.settings);
    expect(model.keys).toEqual(["AKIA-1", "AKIA1"]);
  });
});

describe("createSecret", () => {
  test("makes a second key beside the current one, for nobody to use yet", async () => {
    await after(0);
    model.begin("new");
    await step("createSecret", "new");
    expect(model.keys).toEqual(["AKIA1", "AKIA2"]);
    expect(model.current?.accessKeyId).toBe("AKIA1");
    expect(model.versions.get("new")?.value).toContain("AKIA2");
  });

  test("of two keys deletes the one that was replaced", async () => {
    await after(1);
    expect([model.keys, model.current?.accessKeyId]).toEqual([["AKIA1", "AKIA2"], "AKIA2"]);
    model.begin("new");
    await step("createSecret", "new");
    expect(model.keys).toEqual(["AKIA2", "AKIA3"]);
  });

  test("never deletes the current key, though it be the older one", async () => {
    await after(0);
    model.keys.push("AKIA90");
    model.begin("new");
    await step("createSecret", "new");
    expect(model.keys).toEqual(["AKIA1", "AKIA2"]);
  });

  test("deletes nothing where the current key cannot be read", async () => {
    await after(1);
    model.begin("new");
    const current = [...model.versions.values()].find(({ stages }) => stages.has("AWSCURRENT"));
    Object.assign(current as object, { value: "no JSON" });
    await expect(step("createSecret", "new")).rejects.toThrow(
      `The value of secret ${ARN} is not what this function writes.`,
    );
    expect(model.keys).toEqual(["AKIA1", "AKIA2"]);
    Object.assign(current as object, { value: '{"accessKeyId":"AKIA2"}' });
    await expect(step("createSecret", "new")).rejects.toThrow("is not what this function writes");
    expect(model.keys).toEqual(["AKIA1", "AKIA2"]);
  });

  test("makes one key, however often it is repeated", async () => {
    await after(1);
    model.begin("new");
    for (let time = 0; time < 3; time += 1) await step("createSecret", "new");
    expect(model.keys).toEqual(["AKIA2", "AKIA3"]);
  });

  test("is refused for a version that no rotation is making", async () => {
    await after(2);
    for (const version of ["never-begun", "rotation-1"]) {
      await expect(step("createSecret", version)).rejects.toThrow(
        `Version ${version} of secret ${ARN} is not pending.`,
      );
      await expect(step("finishSecret", version)).rejects.toThrow("is not pending");
    }
    expect(model.keys).toEqual(["AKIA2", "AKIA3"]);
  });
});

test("setSecret has nothing to do", async () => {
  await after(1);
  const calls = model.calls.length;
  await step("setSecret", "rotation-1");
  expect(model.calls).toHaveLength(calls);
});

describe("testSecret", () => {
  test("tries the new key, and the current one where Secrets Manager only tries the function out", async () => {
    await after(0);
    model.tried.length = 0;
    await step("testSecret", "of the trial");
    model.begin("new");
    await step("createSecret", "new");
    await step("testSecret", "new");
    expect(model.tried).toEqual(["AKIA1", "AKIA2"]);
  });

  test("fails for a key that does not work, and where there is none", async () => {
    await expect(step("testSecret", "new")).rejects.toThrow(`Secret ${ARN} has no value.`);
    await after(0);
    model.begin("new");
    await step("createSecret", "new");
    model.keys.pop();
    await expect(step("testSecret", "new")).rejects.toThrow("S3 does not know AKIA2");
    expect(model.current?.accessKeyId).toBe("AKIA1");
  });
});

describe("finishSecret", () => {
  test("makes the new key current and keeps the old one active", async () => {
    await after(0);
    model.begin("new");
    await step("createSecret", "new");
    await step("finishSecret", "new");
    await step("finishSecret", "new");
    expect(model.current?.accessKeyId).toBe("AKIA2");
    expect(model.keys).toEqual(["AKIA1", "AKIA2"]);
  });

  test("never makes a version current that has no value", async () => {
    await after(0);
    model.begin("new");
    await expect(step("finishSecret", "new")).rejects.toThrow(`Version new of secret ${ARN} has no value.`);
    expect(model.current?.accessKeyId).toBe("AKIA1");
  });
});

describe("a rotation that was interrupted", () => {
  const repeated = async (work: () => Promise<unknown>, rotations?: number) => {
    let call = 0;
    for (;;) {
      call += 1;
      for (const afterEffect of [false, true]) {
        model = new Model();
        if (rotations !== undefined) await after(rotations);
        if (work === rotation) model.begin("new");
        // From the first key on, whoever reads the secret finds one that IAM knows, and so does who read it before.
        const before = model.current?.accessKeyId;
        model.watch = () => {
          const { current } = model;
          if (current) expect(model.keys).toContain(current.accessKeyId);
          if (before) expect(model.keys).toContain(before);
        };
        model.failing = { call: model.calls.length + call, afterEffect };
        const interrupted = await work().then(
          () => false,
          (error: Error) => error.message === "interrupted",
        );
        // Beyond the last call.
        if (!interrupted) return call - 1;
        await work();
        expect(model.keys).toContain(model.current?.accessKeyId);
        expect(model.current?.accessKeyId).not.toBe(before);
        expect(model.keys.length).toBeLessThanOrEqual(2);
        expect(model.versions.get("new")?.stages.has("AWSCURRENT") ?? work === firstKey).toBe(true);
      }
    }
  };
  const rotation = () => steps("new");
  const firstKey = () => ensure(model.settings);

  test.each([
    ["the second key", 0],
    ["a later one", 2],
  ])("at any call is finished by repeating it: %s", async (_, rotations) => {
    expect(await repeated(rotation, rotations)).toBeGreaterThanOrEqual(10);
  });

  test("at any call is finished by repeating it: without a first key", async () => {
    expect(await repeated(rotation)).toBeGreaterThanOrEqual(9);
  });

  test("at any call is finished by repeating it: the first key", async () => {
    expect(await repeated(firstKey)).toBe(5);
  });

  test("and given up makes room for the next one", async () => {
    await after(1);
    model.begin("given up");
    await step("createSecret", "given up");
    await rotateTo("next");
    expect(model.keys).toEqual(["AKIA2", "AKIA4"]);
    expect(model.current?.accessKeyId).toBe("AKIA4");
  });
});

test("neither logs nor errors hold the secret part", async () => {
  await after(2);
  const told = (console.log as jest.Mock).mock.calls.flat().join();
  expect(told).toContain("AKIA3");
  expect(told).not.toContain("secret of");
});
