// The AWS provider's source is reduced to what is kept and what that still calls.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describeResourceTypes } from "../../scripts/providers/resource-types";
import { slim } from "../../scripts/providers/slim";

const MODULE = "github.com/hashicorp/terraform-provider-aws";
const SDK = "github.com/aws/aws-sdk-go-v2/service";
const PACKAGES = "internal/provider/sdkv2/service_packages_gen.go";
const CLIENTS = "internal/conns/awsclient_gen.go";

const accessor = (name: string, sdk: string) =>
  `func (c *AWSClient) ${name}(ctx context.Context) *${sdk}.Client {\n\treturn errs.Must(client[*${sdk}.Client](ctx))\n}\n`;

/** Three services: rds calls kms' client through a shared package, glue stands alone, batch is only generated from. */
const SOURCE: Record<string, string> = {
  "main.go": `package main\n\nimport "${MODULE}/internal/provider/sdkv2"\n`,
  [PACKAGES]: `package sdkv2

import (
	"context"

	"${MODULE}/internal/conns"
	"${MODULE}/internal/service/glue"
	"${MODULE}/internal/service/rds"
)

func servicePackages(ctx context.Context) []conns.ServicePackage {
	v := []conns.ServicePackage{
		glue.ServicePackage(ctx),
		rds.ServicePackage(ctx),
	}
}
`,
  [CLIENTS]: `package conns

import (
	"context"

	"${SDK}/batch"
	"${SDK}/glue"
	"${SDK}/kms"
	rds_sdkv2 "${SDK}/rds"
)

${["BatchClient:batch", "GlueClient:glue", "KMSClient:kms", "RDSClient:rds_sdkv2"]
  .map((pair) => accessor(...(pair.split(":") as [string, string])))
  .join("\n")}`,
  "internal/service/glue/job.go": "package glue\n\nfunc f() { meta.GlueClient(ctx) }\n",
  "internal/service/rds/cluster.go": `package rds\n\nimport "${MODULE}/internal/keys"\n\nfunc f() { meta.RDSClient(ctx) }\n`,
  "internal/service/rds/cluster_test.go": "package rds\n\nfunc f() { meta.GlueClient(ctx) }\n",
  "internal/service/rds/generate.go": "//go:build generate\n\npackage rds\n\nfunc f() { meta.BatchClient(ctx) }\n",
  "internal/keys/keys.go": "package keys\n\nfunc f() { meta.KMSClient(ctx) }\n",
};

let folder: string;
const read = (file: string) => readFileSync(join(folder, file), "utf8");

function write(files: Record<string, string>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redcap-slim-"));
  write(SOURCE);
});
afterEach(() => rmSync(folder, { recursive: true }));

test("services that are not kept lose their import and their registration", () => {
  slim(folder, ["rds"]);
  expect(read(PACKAGES)).not.toContain("glue");
  expect(read(PACKAGES)).toContain(`"${MODULE}/internal/service/rds"`);
  expect(read(PACKAGES)).toContain("rds.ServicePackage(ctx),");
});

test("clients stay where kept code calls them, directly or through shared packages", () => {
  slim(folder, ["rds"]);
  const clients = read(CLIENTS);
  expect(clients.match(/\w+Client(?=\(ctx context)/g)).toEqual(["KMSClient", "RDSClient"]);
  expect(clients.match(/\S*\s"github.*(?=")/g)).toEqual([`\t"${SDK}/kms`, `rds_sdkv2 "${SDK}/rds`]);
});

test("a service that the provider does not have is named", () => {
  expect(() => slim(folder, ["rds", "rdss"])).toThrow("The AWS provider has no service package named rdss.");
});

test("another layout of the provider's source is noticed", () => {
  write({ [CLIENTS]: "package conns\n" });
  expect(() => slim(folder, ["rds"])).toThrow("layout has changed");
});

test("resource types are listed by service, actions left out", () => {
  write({
    "internal/service/rds/service_package_gen.go": `package rds
func (p *servicePackage) Actions(ctx context.Context) {
	{ TypeName: "aws_rds_reboot" }
}
func (p *servicePackage) FrameworkResources(ctx context.Context) {
	{ TypeName: "aws_rds_integration" }
}
func (p *servicePackage) SDKDataSources(ctx context.Context) {
	{ TypeName: "aws_rds_cluster" }
}
func (p *servicePackage) SDKResources(ctx context.Context) {
	{ TypeName: "aws_rds_cluster" }
}
`,
    "internal/service/empty/service_package_gen.go": "package empty\n",
    "random/internal/provider/resource_id.go": 'resp.TypeName = req.ProviderTypeName + "_id"',
  });
  expect(describeResourceTypes(folder, join(folder, "random"))).toBe(
    "rds: aws_rds_cluster aws_rds_integration\nrandom: random_id\n",
  );
});
