import { canonicalText } from "@drift-guard/policy/canonical";
import { parsePolicy } from "@drift-guard/policy/parse";
import { PolicySyntaxError } from "@drift-guard/policy/syntax-error";
import { digestOf } from "../model/identity.ts";
import type { Step } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import { applyStep } from "./apply-step.ts";
import { removeSpace } from "./before-state.ts";

/** Returns the digest of a policy's canonical form; remembers it, since a rollback compares the same documents often. */
export type Digester = (text: string) => string;

/** A document that is recorded by its digest. No policy document begins so. */
const digested = /^sha256:[\da-f]{64}$/;

/** Whether a document is recorded by its digest alone. */
export function isDigested(text: string): boolean {
  return digested.test(text);
}

/**
 * Creates a digester: `sha256:` and 64 hex digits. A document that does not parse is compared as its text without white
 * space between tokens, and a digest stays as it is.
 */
export function createDigester(): Digester {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const digest = digested.test(text) ? text : `sha256:${digestOf(canonicalise(text))}`;
    known.set(text, digest);
    return digest;
  };
}

function canonicalise(text: string): string {
  try {
    return canonicalText(parsePolicy(text));
  } catch (error) {
    if (error instanceof PolicySyntaxError) return removeSpace(text);
    throw error;
  }
}

type PartValues = ReadonlyMap<string, string>;

const absent = "";

/** Returns a comparable value of each part of a role that a rollback may write, and of the role's identity. */
function describeParts(role: Role, digest: Digester): PartValues {
  const { boundary, description, maxSession, tags } = role;
  return new Map([
    ["role", `${role.id} ${role.arn}`],
    ["trust", digest(role.trust)],
    ...role.attached.map(({ arn }) => [`managed:${arn}`, "attached"] as const),
    ...role.inline.map(({ name, text }) => [`inline:${name}`, digest(text)] as const),
    ...(boundary.observed ? [["boundary", boundary.value?.arn ?? absent] as const] : []),
    ...(description.observed ? [["description", `=${description.value}`] as const] : []),
    ...(maxSession.observed ? [["session", `${maxSession.value}`] as const] : []),
    ...(tags.observed
      ? Object.entries(tags.value).map(([key, value]) => [`tag:${key}`, `=${value}`] as const)
      : []),
  ]);
}

/**
 * The states that a role can show in a rollback: each part that no step wrote is as before, and each other part is as before
 * or as one of its steps left it. IAM is eventually consistent, so that a read may show any of them.
 */
export interface ExpectedStates {
  /** Adds the state after a step that was, or may have been, carried out. */
  add(step: Step): void;
  /** Returns the first part that a read shows in another state; undefined if there is none. */
  findForeign(read: Role): string | undefined;
}

/** Creates the expected states of a role before its first step. */
export function createExpectedStates(before: Role, digest: Digester): ExpectedStates {
  let current = before;
  const initial = describeParts(before, digest);
  const written = new Map<string, Set<string>>();
  return {
    add(step) {
      current = applyStep(current, step);
      const values = describeParts(current, digest);
      for (const part of partsWrittenBy(step)) {
        const states = written.get(part) ?? new Set();
        written.set(part, states.add(values.get(part) ?? absent));
      }
    },
    findForeign(read) {
      const values = describeParts(read, digest);
      for (const part of new Set([...initial.keys(), ...values.keys()])) {
        const value = values.get(part) ?? absent;
        const isKnown = value === (initial.get(part) ?? absent) || written.get(part)?.has(value) === true;
        if (!isKnown) return part;
      }
      return undefined;
    },
  };
}

function partsWrittenBy(step: Step): readonly string[] {
  return step.call === "iam:UpdateRole" ? ["description", "session"] : [`${step.part}`];
}

/**
 * Whether a read shows a role as a step leaves it: `after`; as it was before the step: `before`; or in neither state:
 * `other`. A step whose effect no read shows counts as `before`. `before` is the role before the step.
 */
export function findEffect(
  step: Step,
  before: Role,
  read: Role,
  digest: Digester,
): "before" | "after" | "other" {
  const isVersionCall =
    step.call === "iam:SetDefaultPolicyVersion" ||
    step.call === "iam:CreatePolicyVersion" ||
    step.call === "iam:DeletePolicyVersion";
  // The state before a rollback has no documents of managed policies.
  if (isVersionCall) return showsVersion(step, read, digest) ? "after" : "before";
  const [old, left, shown] = [before, applyStep(before, step), read].map((role) =>
    describeParts(role, digest),
  );
  const isAs = (values: PartValues | undefined) =>
    partsWrittenBy(step).every((part) => (shown?.get(part) ?? absent) === (values?.get(part) ?? absent));
  if (isAs(left)) return "after";
  return isAs(old) ? "before" : "other";
}

function showsVersion(step: Step, { attached, boundary }: Role, digest: Digester): boolean {
  if (step.call !== "iam:SetDefaultPolicyVersion" && step.call !== "iam:CreatePolicyVersion") return false;
  const bound = boundary.observed && boundary.value ? [boundary.value] : [];
  return [...attached, ...bound].some(
    ({ arn, version }) =>
      arn === step.policyArn && version.observed && digest(version.value.text) === digest(step.document),
  );
}
