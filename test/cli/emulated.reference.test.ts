import assert from "node:assert/strict";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import { createRoleReader } from "@drift-guard/aws/iam/reader";
import { defineConfig } from "@drift-guard/core/config/config";
import { listWatchedRoles } from "@drift-guard/core/config/watched-role";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { emptyLedger } from "@drift-guard/core/model/ledger";
import { defineReference } from "@drift-guard/core/reference/reference";
import { clientSettings } from "@drift-guard/local/client";
import { seedAccount } from "@drift-guard/local/seed";
import { ReferenceRefreshOutput } from "drift-guard/output/reference";
import config from "../../drift-guard.config.ts";
import { createTable } from "../aws/dynamodb/tables.ts";
import { account, aFinding, allow, trustOf } from "../builders.ts";
import { guardedAs, referenceOf } from "../core/watched-roles.ts";
import { withEmulators } from "../local/emulated-suite.ts";
import { readOutput } from "./outputs.ts";
import { runCli } from "./process.ts";

const source = { title: "The owner's wiki", date: "2026-11-22" };
const guarded = defineConfig({
  ...config,
  roles: { ...config.roles, ecsInstanceRole: {}, Sender: {}, AWSServiceRoleForECS: { required: false } },
  references: [
    {
      role: "Sender",
      source,
      trust: trustOf("ecs-tasks.amazonaws.com"),
      attachments: [
        {
          arn: `arn:aws:iam::${account}:policy/team/Reader`,
          version: "v1",
          document: allow("s3:GetObject"),
          source,
        },
      ],
      floor: { document: allow("sqs:SendMessage"), source },
      boundary: "none",
    },
  ],
});

withEmulators("reference on an account of emulators", (services) => {
  let cwd = "";
  let iam: IAMClient;
  let tables: DynamoDBClient;

  before(async () => {
    cwd = await mkdtemp(join(tmpdir(), "drift-guard-reference-"));
    const settings = clientSettings(services().recorder.endpoint);
    iam = new IAMClient(settings);
    tables = new DynamoDBClient(settings);
    await seedAccount(services().recorder.endpoint, guarded);
  });
  after(() => {
    iam.destroy();
    tables.destroy();
  });

  const reference = (...args: readonly string[]) =>
    runCli(["reference", ...args], {
      cwd,
      env: {
        AWS_ENDPOINT_URL: services().recorder.endpoint,
        AWS_ACCESS_KEY_ID: "local",
        AWS_SECRET_ACCESS_KEY: "local",
        AWS_REGION: "us-east-1",
        AWS_MAX_ATTEMPTS: "1",
      },
    });
  const written = async (role: string) =>
    defineReference(JSON.parse(await readFile(join(cwd, "references", `${role}.json`), "utf8")));

  it("matches the roles of a seeded account, whatever the configuration watches", async () => {
    const reader = createRoleReader(iam, { account, partition: "aws" });
    for (const watched of listWatchedRoles({ config: guarded })) {
      const found = evaluate({ ...watched, reading: await reader.read(watched.name) });
      // The emulator's policies are newer than the guide's pages.
      assert.deepEqual(
        found.filter(({ kind }) => kind !== "vendor-change"),
        [],
        watched.name,
      );
    }
  });

  it("captures a live role, which is then clean", async () => {
    const RoleName = "Worker";
    await iam.send(
      new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustOf("lambda.amazonaws.com") }),
    );
    await iam.send(
      new PutRolePolicyCommand({ RoleName, PolicyName: "q", PolicyDocument: allow("sqs:SendMessage") }),
    );
    const { code, stderr } = await reference("capture", RoleName);
    assert.deepEqual([code, stderr], [0, ""]);
    const reading = await createRoleReader(iam, { account, partition: "aws" }).read(RoleName);
    const captured = await written(RoleName);
    assert.deepEqual(evaluate({ reference: captured, guarded: guardedAs({}), reading }), []);
  });

  it("compares the references with the default versions in the account", async () => {
    const { code, stdout } = await reference("refresh", "ecsTaskExecutionRole", "--json");
    assert.equal(code, 0);
    const [policy] = readOutput(ReferenceRefreshOutput, stdout).policies;
    assert.deepEqual(
      [policy?.arn, policy?.status],
      ["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy", "same"],
    );
  });

  it("accepts a drift from the guard's table of findings", async () => {
    const name = "ecsTaskExecutionRole";
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: name,
        PolicyName: "q",
        PolicyDocument: allow("sqs:SendMessage"),
      }),
    );
    const reading = await createRoleReader(iam, { account, partition: "aws" }).read(name);
    const [evidence] = evaluate({ reference: referenceOf(name), guarded: guardedAs({}), reading });
    assert.ok(evidence);
    const role = { account, name };
    const finding = aFinding({ id: identifyFinding(role, evidence), role, evidence });
    const table = await createTable(tables);
    const empty = emptyLedger(role);
    await createFindingStore(tables, { table, sinks: [] }).commit({
      before: empty,
      after: { ...empty, findings: [finding] },
      transitions: [],
    });
    const { code, stderr } = await reference(
      "capture",
      name,
      "--finding",
      finding.id.slice(0, 8),
      "--table",
      table,
    );
    assert.deepEqual([code, stderr], [0, ""]);
    const taken = await written(name);
    assert.deepEqual(evaluate({ reference: taken, guarded: guardedAs({}), reading }), []);
  });
});
