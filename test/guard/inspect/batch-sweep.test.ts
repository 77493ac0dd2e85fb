import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { listBatchRegions } from "@drift-guard/core/batch/regions";
import { BatchUnreadableError } from "@drift-guard/core/errors";
import { createSimulatedResources } from "@drift-guard/embedded/resources";
import { sweep } from "@drift-guard/guard/sweep/sweep";
import { account, batchServicePolicy } from "../../builders.ts";
import { aWorld, type WorldOptions } from "../world.ts";
import {
  aDefinition,
  anEnvironment,
  formatFindings,
  makeRole,
  observing,
  onlyFinding,
  roleArn,
  secret,
} from "./batch-world.ts";

describe("The sweep of AWS Batch", () => {
  const key = `arn:aws:kms:us-east-1:${account}:key/2`;
  const unusedKey = "ecsTaskExecutionRole permissions unused-keys";
  const aWorldWithKey = async (over: WorldOptions = {}) => {
    const resources = createSimulatedResources();
    resources.set(secret, { policy: null, key: null });
    const world = aWorld({ config: observing, resources: resources.reader, ...over });
    const policyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: secret },
        { Effect: "Allow", Action: "kms:Decrypt", Resource: key },
      ],
    });
    world.act({
      call: "PutRolePolicy",
      roleName: "ecsTaskExecutionRole",
      policyName: "Secrets",
      policyDocument,
    });
    const executionRoleArn = roleArn("ecsTaskExecutionRole", "/service-role/");
    const secrets = [{ name: "DB", valueFrom: secret }];
    await world.actOnBatch(aDefinition({ executionRoleArn, secrets }));
    await world.settle();
    return { world, resources, executionRoleArn };
  };

  it("reports a key that no definition uses, in no other inspection, until a definition uses it (T12)", async () => {
    const { world, resources, executionRoleArn } = await aWorldWithKey();
    assert.deepEqual(await world.findings(), [], "another Region may use the key");
    await world.sweep();
    assert.deepEqual(formatFindings(await world.findings()), [`${unusedKey} open`]);
    assert.equal((await onlyFinding(world)).severity, "INFORMATIONAL");
    world.act({ call: "TagRole", roleName: "ecsTaskExecutionRole", tags: [{ key: "team", value: "a" }] });
    await world.settle();
    assert.deepEqual(formatFindings(await world.findings()), [`${unusedKey} open`]);
    const other = secret.replace("db-", "api-");
    resources.set(other, { policy: null, key });
    const secrets = [{ name: "API", valueFrom: other }];
    await world.actOnBatch(aDefinition({ executionRoleArn, secrets }, "other"));
    await world.settle();
    assert.ok(formatFindings(await world.findings()).includes(`${unusedKey} resolved`));
  });

  it("reports no unused key if a Region could not be read", async () => {
    const { world } = await aWorldWithKey();
    world.batch.close("eu-west-1");
    await world.sweep();
    assert.deepEqual(await world.findings(), []);
  });

  describe("where the account has enabled more Regions than the configuration names", () => {
    const accountRegions = {
      status: "listed",
      enabled: ["us-east-1", "eu-west-1", "ap-southeast-2"],
      notEnabled: listBatchRegions("aws").filter(
        (region) => !["us-east-1", "eu-west-1", "ap-southeast-2"].includes(region),
      ),
    } as const;

    it("reports a key that no definition there uses either, and records no use there (T12)", async () => {
      const { world } = await aWorldWithKey({ accountRegions });
      await world.actOnBatch(aDefinition({ jobRoleArn: roleArn("Job") }), "ap-southeast-2");
      await world.sweep();
      assert.deepEqual(formatFindings(await world.findings()), [`${unusedKey} open`]);
      assert.deepEqual(await world.ports.usage.usesOf({ account, name: "Job" }), []);
    });

    it("reports no key of a role that a definition there uses, and resolves an open note (T12)", async () => {
      // No event reaches the guard from a Region that the configuration does not name.
      const disorder = (bodies: readonly string[]) =>
        bodies.filter((body) => !body.includes("ap-southeast-2"));
      const { world, executionRoleArn } = await aWorldWithKey({ accountRegions, disorder });
      await world.sweep();
      assert.deepEqual(formatFindings(await world.findings()), [`${unusedKey} open`]);
      await world.actOnBatch(aDefinition({ executionRoleArn }), "ap-southeast-2");
      await world.sweep();
      await world.settle();
      assert.deepEqual(formatFindings(await world.findings()), [`${unusedKey} resolved`]);
    });

    it("reports no key if one of them cannot be read, and keeps an open note (T12)", async () => {
      const { world } = await aWorldWithKey({ accountRegions });
      world.batch.close("ap-southeast-2");
      await world.sweep();
      assert.deepEqual(await world.findings(), []);
      const { world: later } = await aWorldWithKey({ accountRegions });
      await later.sweep();
      later.batch.close("ap-southeast-2");
      for (let count = 0; count < 2; count += 1) {
        later.clock.advance(900);
        await later.sweep();
      }
      assert.deepEqual(formatFindings(await later.findings()), [`${unusedKey} open`]);
    });

    it("reports no key if the account's Regions cannot be listed (T12, T15)", async () => {
      const { world } = await aWorldWithKey({ accountRegions: { status: "unlisted", why: "denied" } });
      await world.sweep();
      assert.deepEqual(await world.findings(), []);
    });

    it("reads none of them where no key seems unused", async () => {
      const read: string[] = [];
      const world = aWorld({ config: observing, accountRegions });
      const { batch } = world.ports;
      const definitions = (region: string) => {
        read.push(region);
        return batch.definitions(region);
      };
      const announcer = { announce: async () => {} };
      await sweep({ ...world.ports, batch: { ...batch, definitions }, announcer }, world.settings);
      assert.deepEqual(read, ["us-east-1", "eu-west-1"]);
    });
  });

  it("finds roles that no event reported, in every readable region", async () => {
    const world = aWorld({ config: observing, disorder: () => [] });
    makeRole(world, "Custom", "ec2.amazonaws.com", [batchServicePolicy]);
    await world.actOnBatch(anEnvironment({ serviceRole: roleArn("Custom") }), "eu-west-1");
    const report = await world.sweep();
    assert.deepEqual(report.unread, []);
    assert.ok(formatFindings(await world.findings()).includes("Custom trust missing open"));
  });

  it("records job definitions where environments cannot be read, and keeps the recorded environments", async () => {
    const world = aWorld({ config: observing, disorder: () => [] });
    await world.actOnBatch(anEnvironment());
    await world.sweep();
    await world.actOnBatch(aDefinition({ executionRoleArn: roleArn("Gone") }));
    const { batch } = world.ports;
    const environments = async function* (): AsyncIterable<never> {
      yield* [];
      throw new BatchUnreadableError("AWS Batch could not be read: batch:DescribeComputeEnvironments.");
    };
    const ports = {
      ...world.ports,
      batch: { ...batch, environments },
      announcer: { announce: async () => {} },
    };
    const report = await sweep(ports, world.settings);
    assert.deepEqual(
      report.unread.map(({ region }) => region),
      ["us-east-1", "eu-west-1"],
    );
    assert.ok(formatFindings(await world.findings()).includes("Gone role missing open"));
    const uses = await world.ports.usage.usesOf({ account, name: "AWSBatchServiceRole" });
    assert.deepEqual(
      uses.map(({ name }) => name),
      ["prod"],
    );
  });

  it("releases roles that are no longer used, and keeps the recorded uses of an unreadable region", async () => {
    const world = aWorld({ config: observing, disorder: () => [] });
    await world.actOnBatch(anEnvironment({ computeEnvironmentName: "here" }));
    await world.actOnBatch(anEnvironment({ computeEnvironmentName: "there" }), "eu-west-1");
    await world.sweep();
    for (const region of ["us-east-1", "eu-west-1"]) {
      const computeEnvironment = region === "us-east-1" ? "here" : "there";
      await world.actOnBatch(
        { call: "UpdateComputeEnvironment", computeEnvironment, state: "DISABLED" },
        region,
      );
      await world.actOnBatch({ call: "DeleteComputeEnvironment", computeEnvironment }, region);
    }
    world.batch.close("eu-west-1");
    const report = await world.sweep();
    assert.deepEqual(
      report.unread.map(({ region }) => region),
      ["eu-west-1"],
    );
    const uses = await world.ports.usage.usesOf({ account, name: "AWSBatchServiceRole" });
    assert.deepEqual(
      uses.map(({ name }) => name),
      ["there"],
    );
  });
});
