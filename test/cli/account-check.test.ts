import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import type { Evidence } from "@drift-guard/core/model/evidence";
import { createSimulatedResources } from "@drift-guard/embedded/resources";
import type { OtherRegions } from "@drift-guard/guard/inspect/other-regions";
import { checkAccount, parseAskedRole } from "drift-guard/account-check";
import { surveyBatch } from "drift-guard/batch/survey";
import { account, allow, trustOf } from "../builders.ts";
import { aWorld, type World } from "../guard/world.ts";

const regions = ["us-east-1", "eu-west-1"];
const config = defineConfig({
  roles: { AWSBatchServiceRole: {}, ecsTaskExecutionRole: {} },
  regions: { batch: regions },
});
const roleArn = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const secret = (name: string) => `arn:aws:secretsmanager:us-east-1:${account}:secret:${name}-AbCdEf`;

/** An account whose environments and job definitions use roles that the configuration does not name. */
async function aBusyAccount(): Promise<World> {
  const resources = createSimulatedResources();
  resources.set(secret("db"), { policy: null, key: null });
  const world = aWorld({ config, resources: resources.reader });
  const make = (roleName: string, service: string) =>
    world.act({ call: "CreateRole", roleName, assumeRolePolicyDocument: trustOf(service) });
  make("Execution", "ecs-tasks.amazonaws.com");
  make("Job", "ecs-tasks.amazonaws.com");
  world.act({
    call: "PutRolePolicy",
    roleName: "Job",
    policyName: "all",
    policyDocument: allow("iam:*", "*"),
  });
  world.act({
    call: "PutRolePolicy",
    roleName: "Execution",
    policyName: "old",
    policyDocument: allow("kms:Decrypt", `arn:aws:kms:us-east-1:${account}:key/1`),
  });
  await world.actOnBatch({
    call: "RegisterJobDefinition",
    jobDefinitionName: "render",
    type: "container",
    containerProperties: {
      image: "busybox",
      executionRoleArn: roleArn("Execution"),
      jobRoleArn: roleArn("Job"),
      secrets: [{ name: "A", valueFrom: secret("db") }],
    },
  });
  await world.actOnBatch(
    {
      call: "CreateComputeEnvironment",
      computeEnvironmentName: "prod",
      type: "MANAGED",
      serviceRole: "service-role/AWSBatchServiceRole",
    },
    "eu-west-1",
  );
  const policyArn = "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole";
  world.act({ call: "DetachRolePolicy", roleName: "AWSBatchServiceRole", policyArn });
  return world;
}

async function checkWith(
  world: World,
  asked: readonly string[] = [],
  coversAll = true,
  otherRegions?: OtherRegions,
) {
  const { batch, roles, resources } = world.ports;
  const source = { batch, from: ["test"], regions, coversAll, ...(otherRegions && { otherRegions }) };
  const survey = await surveyBatch(source, roles, world.settings);
  try {
    return await checkAccount(
      {
        account,
        partition: "aws",
        from: "test",
        reader: roles,
        readPolicy: () => Promise.reject(new Error("not asked")),
      },
      { config, survey, asked: asked.map(parseAskedRole), ...(resources && { resources }) },
    );
  } finally {
    survey.close();
  }
}

const describeEvidence = (role: string, evidence: Evidence, severity: string) => {
  const what =
    evidence.kind === "drift" ? evidence.side : evidence.kind === "note" ? evidence.topic : evidence.kind;
  return `${role} ${evidence.part} ${what} ${severity}`;
};

describe("check and the guard", () => {
  it("find the same roles, and judge them alike", async () => {
    const world = await aBusyAccount();
    await world.sweep();
    const findings = (await world.findings()).map(({ role, evidence, severity }) =>
      describeEvidence(role.name, evidence, severity),
    );
    const { roles } = await checkWith(world);
    const checked = roles.flatMap(({ role, assessments }) =>
      assessments.map((assessment) => describeEvidence(role, assessment, assessment.severity)),
    );
    assert.deepEqual(checked.toSorted(), findings.toSorted());
    assert.ok(findings.length >= 4, findings.join("\n"));
    assert.deepEqual(
      roles.filter(({ discovered }) => discovered).map(({ role }) => role),
      ["Execution", "Job"],
    );
  });

  it("agree on a role that a message names, by name and by ARN", async () => {
    const world = await aBusyAccount();
    for (const text of ["Execution", "execution", roleArn("Execution")]) {
      const { roles, unwatched } = await checkWith(world, [text]);
      assert.deepEqual(
        roles.map(({ role, status }) => [role.toLowerCase(), status]),
        [["execution", "drift"]],
      );
      assert.deepEqual(unwatched, []);
    }
    const { unwatched } = await checkWith(world, ["Unused", "arn:aws:iam::210987654321:role/Execution"]);
    assert.deepEqual(
      unwatched.map(({ name }) => name),
      ["Unused", "Execution"],
    );
  });

  it("say nothing of unused keys where a region was not read", async () => {
    const world = await aBusyAccount();
    const topics = async (coversAll: boolean, otherRegions?: OtherRegions) =>
      (await checkWith(world, [], coversAll, otherRegions)).roles.flatMap(({ assessments }) =>
        assessments.flatMap((one) => (one.kind === "note" ? [one.topic] : [])),
      );
    assert.deepEqual([await topics(true), await topics(false)], [["unused-keys"], []]);
    const others = await Promise.all(
      (["unused", "used", "unknown"] as const).map((use) => topics(true, async () => use)),
    );
    assert.deepEqual(others, [["unused-keys"], [], []]);
  });
});
