import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Config, type ConfigInput, defaultRoles, defineConfig } from "@drift-guard/core/config/config";
import type { BatchCall } from "@drift-guard/embedded/batch/call";
import { account, batchServicePolicy } from "../../builders.ts";
import { referenceOf } from "../../core/watched-roles.ts";
import { aWorld, type World } from "../world.ts";

const configOf = (roles: ConfigInput["roles"] = defaultRoles): Config => defineConfig({ roles });

const linkedRole = `arn:aws:iam::${account}:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch`;

const anEnvironment = (serviceRole?: string): BatchCall => ({
  call: "CreateComputeEnvironment",
  computeEnvironmentName: "prod",
  type: "MANAGED",
  ...(serviceRole !== undefined && { serviceRole }),
});

const aDefinition = (containerProperties: object): BatchCall => ({
  call: "RegisterJobDefinition",
  jobDefinitionName: "render",
  type: "container",
  containerProperties: { image: "busybox", ...containerProperties },
});

function deleteRole(world: World, roleName: string): void {
  for (const { arn: policyArn } of referenceOf(roleName).attachments) {
    world.act({ call: "DetachRolePolicy", roleName, policyArn });
  }
  world.act({ call: "DeleteRole", roleName });
}

/** An account with the default configuration, in which neither role that an owner creates exists. */
function withoutOwnRoles(config: Config = configOf()): World {
  const world = aWorld({ config });
  deleteRole(world, "AWSBatchServiceRole");
  deleteRole(world, "ecsTaskExecutionRole");
  return world;
}

const openFindings = async (world: World) =>
  (await world.findings())
    .filter(({ state }) => state === "open")
    .map(({ role, evidence }) => `${role.name} ${evidence.part} ${evidence.kind}`)
    .sort();

/** Uses that need neither role, with the place that describes them. */
const unneeded: readonly {
  readonly title: string;
  readonly source: string;
  readonly calls: readonly BatchCall[];
}[] = [
  {
    title: "the environments name no service role",
    source: "https://github.com/ASFHyP3/hyp3/pull/1051",
    calls: [anEnvironment()],
  },
  {
    title: "an environment names an empty service role",
    source: "https://docs.aws.amazon.com/batch/latest/userguide/using-service-linked-roles.html",
    calls: [anEnvironment("")],
  },
  {
    title: "an environment names the service-linked role by ARN",
    source: "https://github.com/aws/aws-cdk/issues/16717",
    calls: [anEnvironment(linkedRole)],
  },
  {
    title: "the job definitions name no execution role and have no secrets",
    source: "https://docs.aws.amazon.com/batch/latest/userguide/execution-IAM-role.html",
    calls: [anEnvironment(), aDefinition({})],
  },
  { title: "AWS Batch is not used", source: "docs/requirements.md, T10", calls: [] },
];

describe("A role that does not exist (T10)", () => {
  for (const { title, source, calls } of unneeded) {
    it(`is no drift where ${title} (${source})`, async () => {
      const world = withoutOwnRoles();
      for (const call of calls) await world.actOnBatch(call);
      await world.settle();
      await world.sweep();
      await world.settle();
      assert.deepEqual(await openFindings(world), []);
    });
  }

  it("is missing where a compute environment names it", async () => {
    const world = aWorld({ config: configOf() });
    await world.actOnBatch(anEnvironment("service-role/AWSBatchServiceRole"));
    await world.settle();
    deleteRole(world, "AWSBatchServiceRole");
    await world.settle();
    assert.deepEqual(await openFindings(world), ["AWSBatchServiceRole role drift"]);
  });

  it("is missing where a job definition names it, also if no event told of the definition", async () => {
    const world = aWorld({ config: configOf(), disorder: () => [] });
    await world.actOnBatch(
      aDefinition({ executionRoleArn: `arn:aws:iam::${account}:role/service-role/ecsTaskExecutionRole` }),
    );
    deleteRole(world, "ecsTaskExecutionRole");
    await world.sweep();
    assert.deepEqual(await openFindings(world), ["ecsTaskExecutionRole role drift"]);
  });

  it("is no longer missing once nothing names it", async () => {
    const world = aWorld({ config: configOf() });
    await world.actOnBatch(anEnvironment("service-role/AWSBatchServiceRole"));
    await world.settle();
    deleteRole(world, "AWSBatchServiceRole");
    await world.settle();
    await world.actOnBatch({
      call: "UpdateComputeEnvironment",
      computeEnvironment: "prod",
      state: "DISABLED",
    });
    world.act({
      call: "CreateRole",
      roleName: "AWSBatchServiceRole",
      path: "/service-role/",
      assumeRolePolicyDocument: referenceOf("AWSBatchServiceRole").trust,
    });
    world.act({ call: "AttachRolePolicy", roleName: "AWSBatchServiceRole", policyArn: batchServicePolicy });
    await world.actOnBatch({ call: "DeleteComputeEnvironment", computeEnvironment: "prod" });
    deleteRole(world, "AWSBatchServiceRole");
    await world.settle();
    await world.sweep();
    await world.settle();
    assert.deepEqual(await openFindings(world), []);
  });

  it("is missing where the owner always requires it", async () => {
    const world = withoutOwnRoles(configOf({ AWSBatchServiceRole: { required: true } }));
    await world.settle();
    assert.deepEqual(await openFindings(world), ["AWSBatchServiceRole role drift"]);
  });

  it("is missing where AWS Batch does not show its use, unless the owner requires it by use alone", async () => {
    const absent = async (role: NonNullable<ConfigInput["roles"]>[string]) => {
      const world = aWorld({ config: configOf({ Trigger: { reference: "BatchEventTargetRole", ...role } }) });
      await world.sweep();
      return openFindings(world);
    };
    assert.deepEqual(await absent({}), ["Trigger role drift"]);
    assert.deepEqual(await absent({ required: false }), []);
  });
});
