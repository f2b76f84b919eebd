import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../../config";
import { blocks, byId, one, ref, type SynthesizedStack, sampleStage, synthesizeApp } from "../synth";
import { type Container, containers, taskDefinition } from "./task";

const named = (stack: SynthesizedStack, name: string) =>
  containers(stack).find((container) => container.name === name) as Container;
const environment = (stack: SynthesizedStack, name: string) =>
  Object.fromEntries(named(stack, name).environment.map((entry) => [entry.name, entry.value]));

const stack = synthesizeApp();
const service = one(stack, "aws_ecs_service");

/** The sample's service with changes. */
const changed = (change: object) => ({ service: { ...sampleStage("prod").service, ...change } as never });
const secret = (id: string) => ref(`aws_secretsmanager_secret.${id}.arn`);
const local = (idStart: string, from: SynthesizedStack) =>
  Object.entries((from as { locals?: Record<string, string> }).locals ?? {}).find(([id]) => id.startsWith(idStart));

test("one image, twice: one container installs and may end, the other serves without waiting for it in ECS", () => {
  expect(containers(stack)).toHaveLength(2);
  expect(named(stack, "prepare")).toMatchObject({ essential: false, command: ["prepare"] });
  expect(named(stack, "redcap")).toMatchObject({
    essential: true,
    command: ["serve"],
    portMappings: [{ containerPort: 8_080 }],
  });
  const { image } = sampleStage("prod").service as { image: string };
  for (const container of containers(stack)) {
    expect(container.image).toBe(image);
    expect(Object.keys(container)).not.toContain("dependsOn");
  }
  expect(Object.keys(named(stack, "prepare"))).not.toContain("portMappings");
});

describe("what a container is told", () => {
  test("prepare: the DDL user and the salt, whole, by ECS", () => {
    expect(environment(stack, "prepare")).toEqual({ AWS_REGION: "eu-west-2", PHP_TIMEZONE: "UTC" });
    expect(named(stack, "prepare").secrets).toEqual([
      { name: "DDL_SECRET", valueFrom: secret("ddl") },
      { name: "SALT_SECRET", valueFrom: secret("salt") },
    ]);
  });

  test("redcap: where its secrets are, no value of them, and nothing of the DDL user", () => {
    expect(environment(stack, "redcap")).toEqual({
      PORT: "8080",
      AWS_REGION: "eu-west-2",
      PHP_TIMEZONE: "UTC",
      DATABASE_SECRET_ARN: secret("application"),
      SALT_SECRET_ARN: secret("salt"),
      FILES_BUCKET: ref("aws_s3_bucket.files.bucket"),
      FILES_SECRET_ARN: secret("files-key"),
      READER_HOST: ref(`local.${local("database_reader-host", stack)?.[0]}`),
      REQUEST_TIMEOUT_SECONDS: "4000",
      START_TIMEOUT_SECONDS: "900",
      SHUTDOWN_SECONDS: "110",
      TRUSTED_PROXIES: "10.1.128.0/20 10.1.144.0/20 10.1.160.0/20",
    });
    expect(named(stack, "redcap").secrets).toBeUndefined();
    expect(JSON.stringify(named(stack, "redcap"))).not.toMatch(/ddl/i);
  });

  test("its address, where the stage has a domain", () => {
    const addressed = synthesizeApp({ domain: "example.org", subdomain: "redcap" });
    expect(environment(addressed, "redcap")).toMatchObject({ BASE_URL: "https://redcap.example.org/" });
  });

  test("redcap: who may open installation and upgrade, with AWS WAF and without", () => {
    const maintenanceAddresses = ["198.51.100.7/32", "2001:db8:1::/48"];
    for (const waf of [{ type: "create" }, { type: "none", reason: "Another product is in front." }] as const)
      expect(environment(synthesizeApp({ maintenanceAddresses, waf }), "redcap").MAINTENANCE_ADDRESSES).toBe(
        "198.51.100.7/32 2001:db8:1::/48",
      );
  });

  test("port and request timeout are the load balancer's", () => {
    const other = synthesizeApp(changed({ port: 9_000, idleTimeoutSeconds: 60 }));
    expect(environment(other, "redcap")).toMatchObject({ PORT: "9000", REQUEST_TIMEOUT_SECONDS: "60" });
    expect(one(other, "aws_lb").idle_timeout).toBe(60);
  });

  test("the reader endpoint, with its port where that is not MySQL's, and only where there are readers", () => {
    const { port, endpoint } = {
      port: "aws_rds_cluster.cluster.port",
      endpoint: "aws_rds_cluster.cluster.reader_endpoint",
    };
    expect(local("database_reader-host", stack)?.[1]).toBe(
      ref(`(${port} == 3306) ? ${endpoint} : "${ref(endpoint)}:${ref(port)}"`),
    );
    const alone = synthesizeApp({ db: { ...sampleStage("prod").db, dbReaders: 0 } });
    expect(environment(alone, "redcap")).not.toHaveProperty("READER_HOST");
    expect(local("database_reader-host", alone)).toBeUndefined();
  });

  /** Subnets whose blocks are trusted, of all that the load balancer is in. */
  const trusted = (app: SynthesizedStack) => {
    const cidrs = environment(app, "redcap").TRUSTED_PROXIES?.split(" ");
    const subnets = Object.entries(byId(app, "aws_subnet"));
    const found = subnets.filter(([, { cidr_block }]) => cidrs?.includes(String(cidr_block)));
    expect(cidrs).toHaveLength(found.length);
    expect(one(app, "aws_lb").subnets).toEqual(found.map(([id]) => ref(`aws_subnet.${id}.id`)));
    return found.map(([id]) => id.replace(/^network_|_\w{8}$/g, ""));
  };

  test("to believe the load balancer's own subnets, and nobody else in the VPC", () => {
    expect(trusted(stack)).toEqual(["public-1", "public-2", "public-3"]);
    expect(trusted(synthesizeApp(changed({ internal: true })))).toEqual(["private-1", "private-2", "private-3"]);
  });

  test.each([
    [false, ["subnet-0c", "subnet-0d"]],
    [true, ["subnet-0a", "subnet-0b"]],
  ])("the same in an existing network, with IPv6 where a subnet has it (internal: %s)", (internal, ids) => {
    const network = {
      ...{ type: "existing" as const, vpcId: "vpc-0123456789abcdef0" },
      ...{ privateSubnetIds: ["subnet-0a", "subnet-0b"], publicSubnetIds: ["subnet-0c", "subnet-0d"] },
    };
    const existing = synthesizeApp({ network, ...changed({ internal }) });
    const [id, expression] = local("network_load-balancer-cidrs", existing) ?? [];
    expect(environment(existing, "redcap").TRUSTED_PROXIES).toBe(ref(`local.${id}`));
    // Empty where there is none.
    const [, attributes = ""] = /^\$\{join\(" ", compact\(\[(.*)\]\)\)\}$/.exec(expression ?? "") ?? [];
    const ofSubnets = attributes.split(", ").map((attribute) => {
      const [, name = "", block] = /^data\.aws_subnet\.([\w-]+)\.(\w+)$/.exec(attribute) ?? [];
      return [existing.data.aws_subnet?.[name]?.id, block];
    });
    expect(ofSubnets).toEqual(
      ids.flatMap((subnet) => ["cidr_block", "ipv6_cidr_block"].map((block) => [subnet, block])),
    );
    expect(one(existing, "aws_lb").subnets).toEqual(ids);
  });
});

describe("file systems", () => {
  const PATHS = { tmp: "/tmp", run: "/run/redcap", temp: "/var/www/redcap/temp" };

  test("are read-only but for three empty volumes, which no two containers share", () => {
    const mounts = (prefix: string) =>
      Object.entries(PATHS).map(([name, containerPath]) => ({
        sourceVolume: `${prefix}${name}`,
        containerPath,
        readOnly: false,
      }));
    for (const container of containers(stack)) expect(container).toMatchObject({ readonlyRootFilesystem: true });
    expect(named(stack, "redcap").mountPoints).toEqual(mounts(""));
    expect(named(stack, "prepare").mountPoints).toEqual(mounts("prepare-"));
    // A name and nothing else: an empty volume that is gone with its task.
    expect(blocks(taskDefinition(stack, "task").volume)).toEqual(
      ["prepare-tmp", "prepare-run", "prepare-temp", "tmp", "run", "temp"].map((name) => ({ name })),
    );
  });

  test("have the paths of the image's volumes: at others, ECS gives them to root and the image cannot write", () => {
    const dockerfile = readFileSync(join(PROJECT_ROOT, "containers/redcap/Dockerfile"), "utf8");
    const [, volumes = "[]"] = /^VOLUME (\[.*\])$/m.exec(dockerfile) ?? [];
    expect((JSON.parse(volumes) as string[]).sort()).toEqual(Object.values(PATHS).sort());
  });
});

test("a container ends by itself before it is killed, whether it cannot start or is asked to stop", () => {
  for (const { stopTimeout } of containers(stack)) expect(stopTimeout).toBe(120);
  const { SHUTDOWN_SECONDS, START_TIMEOUT_SECONDS } = environment(stack, "redcap");
  expect(Number(SHUTDOWN_SECONDS)).toBeLessThan(120);
  // Two health checks turn a target healthy again.
  const { interval, healthy_threshold } = one(stack, "aws_lb_target_group").health_check as Record<string, number>;
  const checks = Number(interval) * Number(healthy_threshold);
  expect(service.health_check_grace_period_seconds).toBeGreaterThan(Number(START_TIMEOUT_SECONDS) + checks);
});

test("both log to the stage's own group, and go on where CloudWatch takes no line", () => {
  for (const container of containers(stack))
    expect(container).toMatchObject({
      logConfiguration: {
        logDriver: "awslogs",
        options: {
          "awslogs-group": expect.stringContaining("aws_cloudwatch_log_group.tasks_logs"),
          mode: "non-blocking",
          "max-buffer-size": "25m",
        },
      },
    });
});

test("every container keeps time as the configuration says", () => {
  const stack = synthesizeApp({ phpTimezone: "Asia/Tokyo" });
  const told = (["task", "upgrade-task", "cron"] as const).flatMap((task) => containers(stack, task));
  expect(told).toHaveLength(4);
  for (const { environment: variables } of told)
    expect(variables).toContainEqual({ name: "PHP_TIMEZONE", value: "Asia/Tokyo" });
});
