import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineConfig } from "@drift-guard/core/config/config";
import type { Approval } from "@drift-guard/core/model/approval";
import { digestEvidence } from "@drift-guard/core/model/identity";
import type { PlannedStep } from "@drift-guard/core/model/plan";
import { type Role, seen } from "@drift-guard/core/model/role";
import { defineReference, type Reference, type ReferenceInput } from "@drift-guard/core/reference/reference";
import { generateRollbackPolicies } from "@drift-guard/infra/stack/rollback-permissions";
import { decide } from "@drift-guard/policy/decide";
import { parsePolicy } from "@drift-guard/policy/parse";
import fc from "fast-check";
import { account, aRole, noon, secondsAfterNoon } from "../builders.ts";
import { assess, driftsOf, plan } from "../core/rollback/planning.ts";

const functionArn = `arn:aws:lambda:us-east-1:${account}:function:drift-guard-ci-rollback`;
const own = (name: string) => `arn:aws:iam::${account}:policy/${name}`;
const document = (...Statement: readonly object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const allow = (Action: string) => ({ Effect: "Allow", Action, Resource: "*" });
const deny = { Effect: "Deny", Action: "s3:DeleteBucket", Resource: "*" };
const trusting = (Principal: object) => document({ Effect: "Allow", Principal, Action: "sts:AssumeRole" });
const source = { title: "a test", date: "2026-11-27" };
const worker = document(allow("logs:PutLogEvents"));
const limit = document(allow("*"));
const service = { Service: "ecs-tasks.amazonaws.com" };

const referenceWith = (boundary: ReferenceInput["boundary"]) =>
  defineReference({
    role: "Worker",
    source,
    trust: trusting(service),
    attachments: [{ arn: own("worker"), version: "v1", document: worker, source }],
    floor: { document: document(allow("ssm:GetParameters")), source },
    boundary,
  });

const attached = (arn: string, text: string) => ({ arn, version: seen({ id: "v2", text }) });

/** Worker as its reference says, or with some parts changed. */
const drawnRole = fc
  .record({
    trust: fc.constantFrom(
      trusting(service),
      trusting({ ...service, AWS: "999988887777" }),
      trusting({ Service: "lambda.amazonaws.com" }),
    ),
    worker: fc.constantFrom(undefined, worker, document(allow("logs:PutLogEvents"), allow("iam:PassRole"))),
    extra: fc.constantFrom(undefined, document(allow("*")), document(allow("*"), deny)),
    inline: fc.constantFrom(undefined, document(allow("*")), document(allow("s3:GetObject"), deny)),
    floor: fc.boolean(),
    boundary: fc.constantFrom(undefined, own("limit"), own("other")),
  })
  .map(({ trust, worker: text, extra, inline, floor, boundary }): Role => {
    const name = "Worker";
    return aRole({
      name,
      path: "/",
      trust,
      attached: [
        ...(text === undefined ? [] : [attached(own("worker"), text)]),
        ...(extra === undefined ? [] : [attached(own("extra"), extra)]),
      ],
      inline: [
        ...(inline === undefined ? [] : [{ name: "added", text: inline }]),
        ...(floor ? [{ name: "floor", text: document(allow("ssm:GetParameters")) }] : []),
      ],
      boundary: seen(boundary === undefined ? null : attached(boundary, limit)),
    });
  });

/** What a step needs, as IAM asks for it. */
function needOf(step: PlannedStep, role: Role) {
  const isVersion = /PolicyVersion$/.test(step.call);
  const policy = "policyArn" in step ? step.policyArn : "";
  const key = step.call === "iam:PutRolePermissionsBoundary" ? "iam:permissionsboundary" : "iam:policyarn";
  return {
    action: step.call,
    resource: isVersion ? policy : role.arn,
    context: {
      "lambda:sourcefunctionarn": functionArn,
      ...(!isVersion && policy !== "" && { [key]: policy }),
    },
  };
}

const approve = (role: Role, reference: Reference): readonly Approval[] =>
  driftsOf(role, reference).map(({ id, drift }) => ({
    findingId: id,
    digest: digestEvidence(drift),
    by: "ann",
    at: noon,
    expires: secondsAfterNoon(60),
  }));

describe("every step that a plan can hold", () => {
  const mode = fc.constantFrom("off", "simulate", "approve", "automatic");
  const choice = fc.record({
    excess: mode,
    missing: mode,
    altered: mode,
    sessions: fc.constantFrom("approve", "wait", "revoke"),
    sharedPolicies: fc.boolean(),
  });
  const boundary = fc.constantFrom<ReferenceInput["boundary"]>("none", "any", {
    arn: own("limit"),
    document: document(allow("s3:*")),
  });

  /** Versions of a policy: one is the reference's, or none is and there is room for another, or there is none. */
  const livePolicy = fc.constantFrom([], [worker], ["1", "2", "3", "4"]).map((older) => ({
    versions: [
      { id: "v9", text: limit, isDefault: true },
      ...older.map((text, index) => ({
        id: `v${index + 1}`,
        text: text.length > 1 ? text : document(allow(`s3:Get${text}*`)),
        isDefault: false,
      })),
    ],
    holders: ["role Worker"],
  }));

  it("is allowed by rollback's permissions, with every approval given", () => {
    const calls = new Set<string>();
    fc.assert(
      fc.property(drawnRole, choice, boundary, livePolicy, (role, rollback, bound, live) => {
        const reference = referenceWith(bound);
        const config = defineConfig({
          roles: { Worker: { paths: ["/"], rollback } },
          references: [reference],
        });
        const guarded = config.roles.Worker ?? assert.fail();
        const documents = generateRollbackPolicies({
          config,
          account,
          partition: "aws",
          functionArn,
          ownPrefix: "drift-guard-ci-",
        }).map((policy) => parsePolicy(JSON.stringify(policy)));
        const { steps } = plan(role, rollback, {
          reference,
          guarded,
          assessments: assess(role, guarded, reference),
          policies: new Map([own("worker"), own("limit")].map((arn) => [arn, { ...live, arn }])),
          control: { approvals: approve(role, reference) },
        }).plan;
        for (const step of steps) {
          calls.add(step.call);
          assert.equal(decide(needOf(step, role), documents), "allowed", JSON.stringify(step));
        }
      }),
      { numRuns: 500 },
    );
    assert.deepEqual([...calls].sort(), [
      "iam:AttachRolePolicy",
      "iam:CreatePolicyVersion",
      "iam:DeletePolicyVersion",
      "iam:DeleteRolePermissionsBoundary",
      "iam:DeleteRolePolicy",
      "iam:DetachRolePolicy",
      "iam:PutRolePermissionsBoundary",
      "iam:PutRolePolicy",
      "iam:SetDefaultPolicyVersion",
      "iam:UpdateAssumeRolePolicy",
    ]);
  });
});
