// The password of cron over HTTP, interrupted anywhere: EventBridge never calls with one that containers do not take.
import {
  DescribeConnectionCommand,
  type EventBridgeClient,
  UpdateConnectionCommand,
} from "@aws-sdk/client-eventbridge";
import { Connection } from "../../../functions/cron-password/connection";
import { type CronUser, cronUser, ensure, rotation } from "../../../functions/cron-password/password";
import { RotatingSecret } from "../../../functions/shared/rotating-secret";
import { rotate } from "../../../functions/shared/rotation";
import { clientOf, SecretsModel } from "../secrets-model";

const ARN = "arn:aws:secretsmanager:eu-west-2:111111111111:secret:redcap-prod/cron-AbCdEf";
const STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;
const PATIENCE = { patienceMs: 50, retryMs: 1 };

class Model {
  readonly manager = new SecretsModel();
  /** With which EventBridge calls. */
  called = "placeholder";
  /** What it says of the connection, one answer after the other; at the end AUTHORIZED. */
  states: string[] = [];
  calls = 0;
  /** The call (from 1) that fails, and whether its effect is there all the same. */
  failing?: { call: number; afterEffect: boolean };

  readonly settings = {
    secret: new RotatingSecret(
      clientOf((operation, input) => this.call(() => this.manager.answer(operation, input))),
      ARN,
      cronUser,
    ),
    connection: new Connection(
      { send: (command: object) => this.call(() => this.events(command)) } as unknown as EventBridgeClient,
      "redcap-prod-cron",
      PATIENCE,
    ),
    waitMs: 0,
  };

  constructor() {
    this.manager.versions(ARN);
  }

  password(label = "AWSCURRENT"): string | undefined {
    const text = this.manager.value(ARN, label);
    return text === undefined ? undefined : (JSON.parse(text) as CronUser).password;
  }

  /** As the image does it (containers/redcap/lib/secrets.php). */
  get taken(): (string | undefined)[] {
    return [this.password(), this.password("AWSPENDING")];
  }

  private events(command: object): object {
    if (command instanceof UpdateConnectionCommand) {
      const { Username, Password } = command.input.AuthParameters?.BasicAuthParameters ?? {};
      expect([command.input.Name, Username]).toEqual(["redcap-prod-cron", "cron"]);
      this.called = String(Password);
      return {};
    }
    expect(command).toBeInstanceOf(DescribeConnectionCommand);
    return { ConnectionState: this.states.shift() ?? "AUTHORIZED", StateReason: "because" };
  }

  private async call(answer: () => object): Promise<object> {
    this.calls += 1;
    const failing = this.calls === this.failing?.call;
    if (failing && !this.failing?.afterEffect) throw new Error("interrupted");
    try {
      return answer();
    } finally {
      // Whatever the answer was, it is lost.
      if (failing) await Promise.reject(new Error("interrupted"));
    }
  }
}

/** All steps, as Secrets Manager sends them; after an error all of them again. */
async function rotateOnce(model: Model, version: string, check: () => void = () => undefined) {
  for (const Step of STEPS) {
    await rotate({ Step, SecretId: ARN, ClientRequestToken: version }, model.settings.secret, rotation(model.settings));
    check();
  }
}

async function ready(): Promise<Model> {
  const model = new Model();
  await ensure(model.settings);
  return model;
}

test("a password is 256 random bits, and another one every time", async () => {
  const [one, other] = [await ready(), await ready()];
  expect(one.password()).toMatch(/^[\w-]{43}$/);
  expect(one.password()).not.toBe(other.password());
});

test("what a deployment asks gives up a rotation, whose password EventBridge may have already", async () => {
  const model = await ready();
  const current = model.password();
  model.manager.begin(ARN, "version");
  const event = { SecretId: ARN, ClientRequestToken: "version" };
  for (const Step of ["createSecret", "setSecret"] as const)
    await rotate({ Step, ...event }, model.settings.secret, rotation(model.settings));
  expect(model.called).not.toBe(current);
  expect(await ensure(model.settings)).toEqual({ created: false });
  expect(model.called).toBe(current);
  expect(model.taken).toEqual([current, undefined]);
  await expect(
    rotate({ Step: "finishSecret", ...event }, model.settings.secret, rotation(model.settings)),
  ).rejects.toThrow("is not pending");
});

describe.each([
  ["before AWS heard of it", false],
  ["before AWS's answer came", true],
])("interrupted in any call, %s", (_, afterEffect) => {
  test("the first password, asked for again, is in both places", async () => {
    const { calls } = await ready();
    expect(calls).toBeGreaterThan(3);
    for (let call = 1; call <= calls; call++) {
      const model = Object.assign(new Model(), { failing: { call, afterEffect } });
      await expect(ensure(model.settings)).rejects.toThrow("interrupted");
      await ensure(model.settings);
      expect(model.called).toBe(model.password());
    }
  });

  test("a rotation, begun again, ends with the new password in both places, and no call was refused meanwhile", async () => {
    const whole = await ready();
    const before = whole.calls;
    whole.manager.begin(ARN, "version");
    await rotateOnce(whole, "version", () => expect(whole.taken).toContain(whole.called));
    const calls = whole.calls - before;
    expect(calls).toBeGreaterThan(10);
    for (let call = 1; call <= calls; call++) {
      const model = await ready();
      const old = model.password();
      model.manager.begin(ARN, "version");
      model.failing = { call: model.calls + call, afterEffect };
      await expect(rotateOnce(model, "version")).rejects.toThrow("interrupted");
      expect(model.taken).toContain(model.called);
      await rotateOnce(model, "version", () => expect(model.taken).toContain(model.called));
      expect(model.password()).not.toBe(old);
      expect(model.called).toBe(model.password());
    }
  });
});

describe("the connection", () => {
  test("is waited for while it is on its way", async () => {
    const model = await ready();
    model.states = ["UPDATING", "AUTHORIZING"];
    await model.settings.connection.waitUntilAuthorized();
    expect(model.states).toEqual([]);
  });

  test.each([
    ["DEAUTHORIZED", ["DEAUTHORIZED"]],
    ["AUTHORIZING", Array(1_000).fill("AUTHORIZING")],
  ])("that stays %s is an error with EventBridge's reason", async (state, states) => {
    const model = await ready();
    model.states = states;
    await expect(model.settings.connection.waitUntilAuthorized()).rejects.toThrow(
      `Connection redcap-prod-cron is ${state}: because.`,
    );
  });
});
