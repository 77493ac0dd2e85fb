import assert from "node:assert/strict";
import { join } from "node:path";
import { synthesise } from "@drift-guard/infra/synth/synth";
import type { JsonValue, Resource } from "@drift-guard/infra/synth/synthesis";
import * as z from "zod";

/** A synthesised stack, with look-ups. */
export interface SynthesisedStack {
  readonly resources: readonly Resource[];
  /** The lines that the stack prints during a deployment. */
  readonly printed: readonly string[];
  /** Returns the resource with this name. Fails the test where there is none. */
  get(name: string): Resource;
  /** Whether the stack has a resource with this name. */
  has(name: string): boolean;
  /** Returns every resource of a Pulumi type. */
  all(type: string): readonly Resource[];
}

const configs = {
  /** The repository's own drift-guard.config.ts, which has no rollback. */
  plain: undefined,
  everything: join(import.meta.dirname, "configs/everything.ts"),
  elsewhere: join(import.meta.dirname, "configs/elsewhere.ts"),
};

/** The account that the stacks are synthesised for. */
export const account = "123456789012";
/** The region of the guard in every config but `elsewhere`. */
export const home = "us-east-1";

const stacks = new Map<string, Promise<SynthesisedStack>>();

/** Returns the stack of a config. Each stack is synthesised once in a process. */
export function stackOf(config: keyof typeof configs, stage = "ci"): Promise<SynthesisedStack> {
  const key = `${config} ${stage}`;
  const stack = stacks.get(key) ?? synthesiseStack(configs[config], stage);
  stacks.set(key, stack);
  return stack;
}

async function synthesiseStack(path: string | undefined, stage: string): Promise<SynthesisedStack> {
  const printed: string[] = [];
  const print = (line: string) => void printed.push(line);
  const resources = await synthesise({ stage, print, ...(path !== undefined && { config: path }) });
  return {
    resources,
    printed,
    get: (name) => resources.find((resource) => resource.name === name) ?? assert.fail(`no resource ${name}`),
    has: (name) => resources.some((resource) => resource.name === name),
    all: (type) => resources.filter((resource) => resource.type === type),
  };
}

const texts = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const Policy = z.strictObject({
  Version: z.literal("2012-10-17"),
  Statement: z.array(
    z.strictObject({
      Sid: z.string().optional(),
      Effect: z.enum(["Allow", "Deny"]),
      Principal: z.union([z.literal("*"), z.record(z.string(), texts)]).optional(),
      Action: texts.default([]),
      NotAction: texts.optional(),
      Resource: texts.optional(),
      Condition: z.record(z.string(), z.record(z.string(), texts)).optional(),
    }),
  ),
});
/** A statement of a policy of the stack. */
export type Statement = z.infer<typeof Policy>["Statement"][number];

/** Returns the statements of a policy, which is JSON text or an object. */
export function statementsOf(policy: JsonValue | undefined): readonly Statement[] {
  return Policy.parse(typeof policy === "string" ? JSON.parse(policy) : policy).Statement;
}

const Inline = z.array(z.object({ name: z.string(), policy: z.string() })).length(1);

const Attached = z.array(z.string()).default([]);

/** Returns the statements of a role's only inline policy, and of the stack's policies that are attached to it. */
export function permissionsOf(stack: SynthesisedStack, name: string): readonly Statement[] {
  const { inlinePolicies, managedPolicyArns } = stack.get(name).inputs;
  const attached = Attached.parse(managedPolicyArns).map(
    (arn) => stack.resources.find(({ outputs }) => outputs.arn === arn) ?? assert.fail(`no policy ${arn}`),
  );
  return [
    ...Inline.parse(inlinePolicies).flatMap(({ policy }) => statementsOf(policy)),
    ...attached.flatMap(({ inputs }) => statementsOf(inputs.policy)),
  ];
}

/** Parses a JSON text of the stack, such as an event pattern. */
export function parse(text: JsonValue | undefined): unknown {
  assert.ok(typeof text === "string");
  return JSON.parse(text);
}
