import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SessionChoice } from "@drift-guard/core/config/rollback-choice";
import type { Step } from "@drift-guard/core/model/plan";
import { type Role, seen } from "@drift-guard/core/model/role";
import { defineReference, type Reference } from "@drift-guard/core/reference/reference";
import { applyStep } from "@drift-guard/core/rollback/apply-step";
import { findSafeTime, isTrustExposed } from "@drift-guard/core/rollback/exposure";
import { planRollback } from "@drift-guard/core/rollback/planner";
import { decide } from "@drift-guard/policy/decide";
import type { PolicyPrincipal, PolicyRequest } from "@drift-guard/policy/grant";
import { parsePolicy } from "@drift-guard/policy/parse";
import fc from "fast-check";
import { account, aRole, noon } from "../../builders.ts";
import { guardedAs } from "../watched-roles.ts";
import { listLostDenies } from "./denies.ts";
import { assess, controlWith } from "./planning.ts";

const source = { title: "a test", date: "2026-11-22" };
const bucket = "arn:aws:s3:::jobs";
const teamPolicy = `arn:aws:iam::${account}:policy/team`;
const policy = (...Statement: readonly object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const teamText = policy({ Effect: "Allow", Action: ["s3:GetObject", "logs:PutLogEvents"], Resource: "*" });
const neededText = policy({
  Effect: "Allow",
  Action: "ssm:GetParameters",
  Resource: "arn:aws:ssm:*:*:parameter/app",
});
const service = { type: "Service", id: "ecs-tasks.amazonaws.com" } as const;
const trustedOnly = policy({
  Effect: "Allow",
  Principal: { Service: service.id },
  Action: "sts:AssumeRole",
});

const reference: Reference = defineReference({
  role: "Worker",
  source,
  trust: trustedOnly,
  attachments: [{ arn: teamPolicy, version: "v1", document: teamText, source }],
  floor: { document: neededText, source },
  boundary: "any",
});

const actions = ["s3:GetObject", "s3:PutObject", "iam:PassRole", "logs:PutLogEvents", "ssm:GetParameters"];
const resources = [`${bucket}/a`, "*", "arn:aws:ssm:us-east-1:123456789012:parameter/app", `${bucket}/*`];
const element = <T>(values: readonly T[]) =>
  fc.oneof(fc.constantFrom(...values), fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 }));

const statement = fc.record(
  {
    Effect: fc.constantFrom("Allow", "Allow", "Allow", "Allow", "Allow", "Deny"),
    Action: element([...actions, "*", "s3:*", "ssm:Get*"]),
    Resource: element(resources),
    Condition: fc.constantFrom(
      { Bool: { "aws:SecureTransport": "true" } },
      { StringEquals: { "aws:SourceAccount": account } },
    ),
  },
  { requiredKeys: ["Effect", "Action", "Resource"] },
);
const document = fc.array(statement, { minLength: 1, maxLength: 3 }).map((some) => policy(...some));

const stranger = { type: "AWS", id: "arn:aws:iam::999988887777:role/x" } as const;
const principals: readonly PolicyPrincipal[] = [stranger, { type: "Service", id: "lambda.amazonaws.com" }];
const trustStatement = fc.record(
  {
    Effect: fc.constantFrom("Allow", "Allow", "Allow", "Deny"),
    Principal: fc.constantFrom<unknown>(
      "*",
      { AWS: "999988887777" },
      { AWS: [stranger.id] },
      { Service: service.id },
      { Service: [service.id, "lambda.amazonaws.com"] },
      { Service: service.id, AWS: stranger.id },
    ),
    Action: fc.constantFrom<unknown>(
      "sts:AssumeRole",
      ["sts:AssumeRole", "sts:TagSession"],
      "sts:*",
      "sts:TagSession",
    ),
    Condition: fc.constantFrom(
      { StringEquals: { "aws:SourceAccount": account } },
      { StringEquals: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } },
    ),
  },
  { requiredKeys: ["Effect", "Principal", "Action"] },
);
const trust = fc.oneof(
  { arbitrary: fc.constant(trustedOnly), weight: 2 },
  fc.array(trustStatement, { minLength: 1, maxLength: 3 }).map((some) => policy(...some)),
);

const role = fc
  .record({
    trust,
    inline: fc.uniqueArray(
      fc.record({ name: fc.constantFrom("a", "b", "RequiredPermissions", "RestOf-rogue"), text: document }),
      {
        selector: ({ name }) => name,
        maxLength: 3,
      },
    ),
    team: fc.constantFrom(teamText, null, null),
    rogue: fc.option(document, { freq: 1 }),
    boundary: fc.option(document, { freq: 1, nil: null }),
  })
  .map(({ trust: text, inline, team, rogue, boundary }): Role => {
    const managed = (arn: string, one: string | null) =>
      one === null ? [] : [{ arn, version: seen({ id: "v1", text: one }) }];
    const [bound = null] = managed(`arn:aws:iam::${account}:policy/bound`, boundary);
    return aRole({
      name: "Worker",
      trust: text,
      inline,
      attached: [...managed(teamPolicy, team), ...managed(`arn:aws:iam::${account}:policy/rogue`, rogue)],
      boundary: seen(bound),
    });
  });

const contexts: readonly PolicyRequest["context"][] = [
  {},
  { "aws:sourceaccount": account, "aws:securetransport": "true" },
  {
    "aws:sourceaccount": "999988887777",
    "aws:securetransport": "false",
    "aws:principalorgid": "o-a1b2c3d4e5",
  },
];

/** Whether a stranger can assume the role, for each principal and context. */
function admissions({ trust: text }: Role): readonly boolean[] {
  const documents = [parsePolicy(text)];
  return principals.flatMap((principal) =>
    contexts.flatMap((context) =>
      ["sts:AssumeRole", "sts:TagSession"].map(
        (action) => decide({ principal, action, context }, documents) === "allowed",
      ),
    ),
  );
}

/** Whether a session of the role that was issued an hour ago may do something, for each request. */
function permissions({ attached, inline, boundary }: Role): readonly boolean[] {
  const texts = [
    ...attached.flatMap(({ version }) => (version.observed ? [version.value.text] : [])),
    ...inline.map(({ text }) => text),
  ].map(parsePolicy);
  const bound =
    boundary.observed && boundary.value?.version.observed
      ? parsePolicy(boundary.value.version.value.text)
      : undefined;
  return actions.flatMap((action) =>
    [`${bucket}/a`, "arn:aws:ssm:us-east-1:123456789012:parameter/app"].flatMap((resource) =>
      contexts.map((some) => {
        const context = { ...some, "aws:tokenissuetime": "2026-11-22T11:00:00Z" };
        const request = { action, resource, context };
        return (
          decide(request, texts) === "allowed" &&
          (bound === undefined || decide(request, [bound]) === "allowed")
        );
      }),
    ),
  );
}

function carryOut(before: Role, step: Step): Role {
  const after = applyStep(before, step);
  return step.call === "iam:AttachRolePolicy" && step.policyArn === teamPolicy
    ? {
        ...after,
        attached: after.attached.map((one) =>
          one.arn === teamPolicy ? { arn: teamPolicy, version: seen({ id: "v1", text: teamText }) } : one,
        ),
      }
    : after;
}

const grows = (before: readonly boolean[], after: readonly boolean[]) =>
  after.some((allowed, index) => allowed && !before[index]);

const policies = new Map([
  [
    teamPolicy,
    { arn: teamPolicy, versions: [{ id: "v1", isDefault: true, text: teamText }], holders: ["Worker"] },
  ],
]);
const minutesAgo = (minutes: number) =>
  new Date(Date.parse(noon) - minutes * 60_000).toISOString() as `${number}-${number}-${number}T${string}Z`;

describe("the steps of a plan", () => {
  it("never let a stranger do more than before, and keep every Deny", () => {
    fc.assert(
      fc.property(
        role,
        fc.constantFrom(...SessionChoice.options),
        fc.constantFrom(10, 6000, 6000),
        (drifted, sessions, minutes) => {
          const guarded = guardedAs({
            rollback: { excess: "automatic", missing: "automatic", altered: "automatic", sessions },
          });
          const enrolment = { roleId: drifted.id, at: minutesAgo(minutes) };
          const assessments = assess(drifted, guarded, reference);
          const { plan } = planRollback({
            role: drifted,
            reference,
            guarded,
            assessments,
            control: controlWith({ enrolment }),
            policies,
            now: noon,
          });
          const mayHaveSession =
            isTrustExposed(assessments) || Date.parse(findSafeTime(enrolment, drifted)) > Date.parse(noon);
          let current = drifted;
          for (const step of plan.steps) {
            const next = carryOut(current, step);
            assert.ok(!grows(admissions(current), admissions(next)), `${step.call} lets a stranger in`);
            const gains = grows(permissions(current), permissions(next));
            if (!step.restores) assert.ok(!gains, `${step.call} restores`);
            if (mayHaveSession || admissions(next).some((admitted) => admitted))
              assert.ok(!gains, `${step.call} gives a stranger more`);
            assert.deepEqual(listLostDenies(current, next), [], step.call);
            current = next;
          }
        },
      ),
      { numRuns: 90 },
    );
  });

  it("leave no excess that it can be decided about", () => {
    fc.assert(
      fc.property(role, (drifted) => {
        const guarded = guardedAs({ rollback: { excess: "automatic", missing: "automatic" } });
        const planned = planRollback({
          role: drifted,
          reference,
          guarded,
          assessments: assess(drifted, guarded, reference),
          control: controlWith(),
          policies,
          now: noon,
        });
        const after = planned.plan.steps.reduce(carryOut, drifted);
        const withheld = new Set(planned.withheld.map(({ drift: { part, side } }) => `${part} ${side}`));
        const left = assess(after, guarded, reference).filter(
          (one) => one.kind === "drift" && one.side === "excess" && !withheld.has(`${one.part} excess`),
        );
        assert.deepEqual(left, []);
      }),
      { numRuns: 50 },
    );
  });
});
