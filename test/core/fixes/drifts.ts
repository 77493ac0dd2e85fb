import assert from "node:assert/strict";
import { addFixes, type FixQuestion, planFixes } from "@drift-guard/core/fixes/fixes";
import type { Assessment } from "@drift-guard/core/model/evidence";
import type { Fix } from "@drift-guard/core/model/fix";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { account, aDefinitionUse } from "../../builders.ts";
import type { FixWorld } from "./carry-out.ts";

/** The execution role, whose job definitions have needs. */
export const execution = "ecsTaskExecutionRole";
/** The ARN of a secret. */
export const secretOf = (name: string) => `arn:aws:secretsmanager:us-east-1:${account}:secret:${name}-AbCdEf`;
/** The action that a job definition with a secret needs. */
export const get = "secretsmanager:GetSecretValue";
/** A job definition that needs these secrets. */
export const needing = (...names: readonly string[]) => [
  aDefinitionUse({
    needs: names.map((name) => ({ action: get, resource: secretOf(name), what: "secret", at: "here" })),
  }),
];
/** A policy document with statements. */
export const policy = (...statements: readonly object[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
/** A statement that allows an action. */
export const allowing = (Action: string, Resource = "*") => ({ Effect: "Allow", Action, Resource });
/** A statement that denies an action. */
export const denying = (Action: string, Resource = "*") => ({ Effect: "Deny", Action, Resource });
/** The call that puts an inline policy. */
export const putInline = (roleName: string, policyName: string, policyDocument: string): IamCall => ({
  call: "PutRolePolicy",
  roleName,
  policyName,
  policyDocument,
});

/** Part and side, or kind, of each assessment; a version by AWS is left out. */
export const keys = (assessments: readonly Assessment[]) =>
  assessments
    .filter(({ kind }) => kind !== "vendor-change")
    .map((one) => `${one.part} ${one.kind === "drift" ? one.side : one.kind}`);
/** The fixes of the drifts, by part and side. */
export const fixesOf = (question: FixQuestion): ReadonlyMap<string, Fix | undefined> =>
  new Map(
    addFixes(question).flatMap((one) => (one.kind === "drift" ? [[`${one.part} ${one.side}`, one.fix]] : [])),
  );
/** The calls of a fix, in order. */
export const callsOf = (fix: Fix | undefined) =>
  fix?.kind === "steps" ? fix.steps.map(({ call }) => call) : [];

/** Carries the whole plan out, asserts that only what it leaves remains, and returns its calls. */
export async function fixAll(world: FixWorld): Promise<readonly string[]> {
  const plan = planFixes(await world.read());
  world.carryOut(plan.groups.flatMap(({ steps }) => steps));
  assert.deepEqual(
    keys((await world.read()).assessments),
    plan.left.map(({ drift }) => `${drift.part} ${drift.side}`),
  );
  return plan.groups.flatMap(({ steps }) => steps.map(({ call }) => call));
}
