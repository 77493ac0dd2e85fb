import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planFixes } from "@drift-guard/core/fixes/fixes";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import fc from "fast-check";
import { account, trustOf } from "../../builders.ts";
import { referenceOf } from "../watched-roles.ts";
import { aFixWorld } from "./carry-out.ts";
import {
  allowing,
  denying,
  execution,
  fixesOf,
  get,
  keys,
  needing,
  policy,
  putInline,
  secretOf,
} from "./drifts.ts";

describe("fixes of drawn roles, carried out in the simulated account", () => {
  const grants = fc.constantFrom(
    allowing("iam:*"),
    allowing(get),
    allowing(get, secretOf("one")),
    allowing("*"),
    denying(get, secretOf("two")),
    denying("logs:*"),
    denying("*"),
    { ...denying("ecr:*"), Condition: { StringNotEquals: { "aws:RequestedRegion": "us-east-1" } } },
    allowing("ecr:GetAuthorizationToken"),
  );
  const statements = fc.array(grants, { minLength: 1, maxLength: 3 }).map((some) => policy(...some));
  const own = { StringEquals: { "aws:SourceAccount": account } };
  const trusts = fc.constantFrom(
    trustOf("ec2.amazonaws.com"),
    policy(
      {
        Effect: "Allow",
        Principal: { Service: "ecs-tasks.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: own,
      },
      { Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" },
    ),
    policy(
      { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" },
      { Effect: "Deny", Principal: "*", Action: "sts:AssumeRole" },
    ),
    policy({
      Effect: "Allow",
      Principal: { Service: ["ecs-tasks.amazonaws.com", "batch.amazonaws.com"], AWS: "999988887777" },
      Action: "sts:*",
    }),
  );
  const drifts = (roleName: string, attached: readonly string[], profile: string | undefined) =>
    fc.oneof(
      fc
        .record({
          policyName: fc.constantFrom("a", "b", "JobDefinitionNeeds", "RequiredPermissions"),
          document: statements,
        })
        .map(({ policyName, document }) => [putInline(roleName, policyName, document)]),
      fc
        .constantFrom(...attached)
        .map((policyArn): IamCall[] => [{ call: "DetachRolePolicy", roleName, policyArn }]),
      fc
        .record({ name: fc.constantFrom("X", "Y"), document: statements })
        .map(({ name, document }): IamCall[] => [
          { call: "CreatePolicy", policyName: name, policyDocument: document },
          { call: "AttachRolePolicy", roleName, policyArn: `arn:aws:iam::${account}:policy/${name}` },
        ]),
      trusts.map((policyDocument): IamCall[] => [
        { call: "UpdateAssumeRolePolicy", roleName, policyDocument },
      ]),
      statements.map((policyDocument): IamCall[] => [
        { call: "CreatePolicy", policyName: "Boundary", policyDocument },
        {
          call: "PutRolePermissionsBoundary",
          roleName,
          permissionsBoundary: `arn:aws:iam::${account}:policy/Boundary`,
        },
      ]),
      ...(profile === undefined
        ? []
        : [
            fc.constant<IamCall[]>([
              { call: "RemoveRoleFromInstanceProfile", instanceProfileName: profile, roleName },
            ]),
          ]),
    );

  const drawDrifts = (
    name: string,
    { attachments, profile }: ReturnType<typeof referenceOf>,
    maxLength: number,
  ) =>
    fc.array(
      drifts(
        name,
        attachments.map(({ arn }) => arn),
        profile,
      ),
      { minLength: 1, maxLength },
    );

  for (const name of [execution, "AWSBatchServiceRole", "ecsInstanceRole", "ecsInfrastructureRole"]) {
    it(`leave only what the plan leaves, and nothing new: ${name}`, async () => {
      const reference = referenceOf(name);
      const drawn = drawDrifts(name, reference, 4);
      const uses = name === execution ? needing("one", "two") : [];
      await fc.assert(
        fc.asyncProperty(drawn, async (calls) => {
          const world = await aFixWorld(reference, uses);
          // IAM refuses some of the drawn calls, such as one that detaches a policy twice.
          for (const call of calls.flat()) world.iam.call(call, { kind: "root" });
          const question = await world.read();
          const before = new Set(keys(question.assessments));
          const plan = planFixes(question);
          world.carryOut(plan.groups.flatMap(({ steps }) => steps));
          const after = keys((await world.read()).assessments);
          const left = new Set(plan.left.map(({ drift }) => `${drift.part} ${drift.side}`));
          for (const key of after) {
            assert.ok(before.has(key), `${key} is new`);
            assert.ok(left.has(key) || !/ (?:excess|missing|altered)$/.test(key), `${key} was to be cleared`);
          }
        }),
        { numRuns: 25 },
      );
    });

    it(`clear their finding and make no other, each alone: ${name}`, async () => {
      const reference = referenceOf(name);
      const drawn = drawDrifts(name, reference, 3);
      const uses = name === execution ? needing("one", "two") : [];
      await fc.assert(
        fc.asyncProperty(drawn, async (calls) => {
          const make = async () => {
            const world = await aFixWorld(reference, uses);
            for (const call of calls.flat()) world.iam.call(call, { kind: "root" });
            return world;
          };
          const question = await (await make()).read();
          const before = new Set(keys(question.assessments));
          for (const [key, fix] of fixesOf(question)) {
            if (fix?.kind !== "steps") continue;
            const world = await make();
            world.carryOut(fix.steps);
            const after = keys((await world.read()).assessments);
            assert.deepEqual(
              after.filter((one) => !before.has(one)),
              [],
              `new after the fix of ${key}`,
            );
            if (fix.leaves === undefined) assert.ok(!after.includes(key), `${key} is left`);
          }
        }),
        { numRuns: 12 },
      );
    });
  }
});
