import { type ConfigInput, defineConfig } from "@drift-guard/core/config/config";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import type { Part } from "@drift-guard/core/model/part";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import { account, batchServicePolicy } from "../../../builders.ts";
import { referenceOf } from "../../../core/watched-roles.ts";
import { roleNamed } from "../../drift-calls.ts";
import { aWorld, type World, type WorldOptions } from "../../world.ts";

/** The role that is attacked. */
export const roleName = "AWSBatchServiceRole";
export const key = { account, name: roleName };

/** Returns a policy document with these statements. */
export function policy(...Statement: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

/** A statement of a trust policy. */
export function letIn(Principal: unknown, over: object = {}): object {
  return { Effect: "Allow", Principal, Action: "sts:AssumeRole", ...over };
}
export const own = letIn({ Service: "batch.amazonaws.com" });
export const stranger = letIn({ AWS: "arn:aws:iam::999988887777:role/x" });

type Rollback = NonNullable<ConfigInput["roles"][string]["rollback"]>;

/** Creates a world that rolls back everything at one role at once, changed by `rollback` and `config`. */
export function attackedWorld(
  {
    rollback = {},
    ...config
  }: Partial<Omit<ConfigInput, "roles">> & { readonly rollback?: Partial<Rollback> } = {},
  options: WorldOptions = {},
): World {
  const automatic = { excess: "automatic", missing: "automatic", altered: "automatic" } as const;
  return aWorld({
    config: defineConfig({ ...config, roles: { [roleName]: { rollback: { ...automatic, ...rollback } } } }),
    ...options,
  });
}

/** Replaces the trust policy. */
export function trust(...statements: readonly object[]): IamCall {
  return { call: "UpdateAssumeRolePolicy", roleName, policyDocument: policy(...statements) };
}

/** Writes an inline policy. */
export function put(policyName: string, ...statements: readonly object[]): IamCall {
  return { call: "PutRolePolicy", roleName, policyName, policyDocument: policy(...statements) };
}

/** Deletes the role and makes it again, without its policy. */
export function remake(assumeRolePolicyDocument: string, path = "/service-role/"): readonly IamCall[] {
  return [
    { call: "DetachRolePolicy", roleName, policyArn: batchServicePolicy },
    { call: "DeleteRole", roleName },
    { call: "CreateRole", roleName, path, assumeRolePolicyDocument },
  ];
}

export const cleanTrust = referenceOf(roleName).trust;

/** Whether the role has its policy. */
export async function isRestored(world: World): Promise<boolean> {
  return (await roleNamed(world, roleName)).attached.some(({ arn }) => arn === batchServicePolicy);
}

/** Returns why the rollback of a finding at a kind of part was refused. */
export async function refusalAt(world: World, kind: Part["kind"]): Promise<string> {
  const finding = (await world.findings()).find(
    ({ evidence, state }) => evidence.part.kind === kind && evidence.kind === "drift" && state === "open",
  );
  return finding?.state === "open" ? (finding.refusal ?? "no reason") : "no finding";
}

/** Approves the open findings at a kind of part, for six hours. */
export async function approve(world: World, kind: Part["kind"]): Promise<void> {
  const now = world.clock.now();
  for (const { id, evidence } of await world.findings()) {
    if (evidence.part.kind !== kind) continue;
    const approval = {
      findingId: id,
      digest: digestEvidence(evidence),
      by: `arn:aws:iam::${account}:user/on-call`,
      at: instantOf(now),
      expires: later(world, 6 * 60),
    };
    await world.control.decide(key, { kind: "approval", approval });
  }
}

/** Accepts the open findings at a kind of part, for a year. */
export async function accept(world: World, kind: Part["kind"]): Promise<void> {
  for (const { id, evidence } of await world.findings()) {
    if (evidence.part.kind !== kind) continue;
    const exception = {
      findingId: id,
      digest: digestEvidence(evidence),
      owner: `arn:aws:iam::${account}:user/on-call`,
      reason: "a partner",
      expires: later(world, 366 * 24 * 60),
    };
    await world.control.decide(key, { kind: "exception", exception });
  }
}

/** Returns the time some minutes from now. */
export function later({ clock }: World, minutes: number): Instant {
  return instantOf(new Date(clock.now().getTime() + minutes * 60_000));
}

/** Has rollback look at the role, as it does after a person's answer. */
export async function look(world: World): Promise<void> {
  await world.ports.requests.send({ retry: { role: roleName, due: later(world, 0), findings: [] } }, 0);
  await world.settle(1);
}

/** Whether people were told of a call by somebody else with the guard's credentials. */
export function isThiefReported({ announced }: World): boolean {
  return announced.some(({ finding }) => finding.evidence.kind === "impersonation");
}

/** Whether every rollback of the role has ended and people were told of it. */
export async function isQuiet({ control }: World): Promise<boolean> {
  const { rollbacks } = await control.load(key);
  return rollbacks.every((rollback) => rollback.status !== "running" && rollback.told === true);
}
