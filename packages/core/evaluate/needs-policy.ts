import { decide } from "@drift-guard/policy/decide";
import type { Need } from "../batch/role-use.ts";
import type { Role } from "../model/role.ts";
import { type PolicyJson, readDocument, tryParsePolicy } from "../policy-json.ts";
import { exampleOf } from "./need-judgement.ts";
import { groupByPattern } from "./need-patterns.ts";

/** The inline policy that holds what the job definitions of a role need beyond the role's other policies. */
export const needsPolicyName = "JobDefinitionNeeds";

/** Characters of all inline policies of a role together, without white space (docs/aws-facts.md, "IAM limits"). */
const maxInlineCharacters = 10_240;

/** An action on one resource, which may hold wildcards. */
export type NeededGrant = Pick<Need, "action" | "resource">;

/** The inline policy to put on a role, or why there is none. */
export type NeedsPolicy =
  | {
      readonly kind: "policy";
      /** The whole policy `needsPolicyName`, as JSON text. */
      readonly document: string;
      /** Set if the policy allows patterns, because one of single resources is longer than IAM takes. */
      readonly grouped?: true;
    }
  /** Neither single resources nor patterns fit. Sizes are in characters without white space. */
  | { readonly kind: "too-large"; readonly size: number; readonly limit: number };

/**
 * Returns the policy that allows `needs`, which are all needs that the role's other policies do not allow. It keeps what the
 * role's policy of that name allows and denies today: PutRolePolicy replaces the whole document
 * (docs/aws-facts.md, "IAM reads and writes").
 */
export function writeNeedsPolicy(role: Role, needs: readonly NeededGrant[]): NeedsPolicy {
  const limit = inlineLimitOf(role);
  const present = readPresentPolicy(role);
  const exact = joinGrants(present, needs);
  if (sizeOf(exact) <= limit) return { kind: "policy", document: exact };
  const patterns = groupNeeds(role, needs);
  const grouped = joinGrants(present, patterns);
  return patterns.length > 0 && sizeOf(grouped) <= limit
    ? { kind: "policy", document: grouped, grouped: true }
    : { kind: "too-large", size: sizeOf(exact), limit };
}

/**
 * Returns the patterns and single resources by which a role may be allowed its needs, if a policy of single resources is
 * longer than IAM takes; else nothing. `needs` are all needs that the role's other policies do not allow.
 */
export function groupNeeds(role: Role, needs: readonly NeededGrant[]): readonly NeededGrant[] {
  const fits = (grants: readonly NeededGrant[]) => fitsInline(role, grants);
  return fits(needs) ? [] : (groupByPattern(needs, fits) ?? []);
}

/** Says that a needs policy is too large, and what a person can do instead, as sentences. */
export function explainTooLarge({ size, limit }: Extract<NeedsPolicy, { kind: "too-large" }>): string {
  return `A policy that allows all that is needed has ${size} characters, and IAM takes at most ${Math.max(limit, 0)} here, because all inline policies of a role together may have ${maxInlineCharacters}. Give some job definitions another execution role, or put the grants into a customer managed policy.`;
}

/** Whether a policy that allows exactly these grants fits beside the role's other inline policies. */
export function fitsInline(role: Role, grants: readonly NeededGrant[]): boolean {
  return sizeOf(joinGrants(undefined, grants)) <= inlineLimitOf(role);
}

/** Returns a role without its policy `needsPolicyName`. */
export function withoutNeedsPolicy(role: Role): Role {
  return { ...role, inline: role.inline.filter(({ name }) => name !== needsPolicyName) };
}

function inlineLimitOf(role: Role): number {
  const used = withoutNeedsPolicy(role).inline.reduce((sum, { text }) => sum + sizeOf(text), 0);
  return maxInlineCharacters - used;
}

function sizeOf(text: string): number {
  return text.replaceAll(/\s/g, "").length;
}

function readPresentPolicy(role: Role): PolicyJson | undefined {
  const present = role.inline.find(({ name }) => name === needsPolicyName);
  return present && readDocument(present.text);
}

/** Returns a policy with the statements of another, in which its plain grants are joined with `grants` by action. */
function joinGrants(present: PolicyJson | undefined, grants: readonly NeededGrant[]): string {
  const { Statement: statements = [], Version = "2012-10-17", ...rest } = present ?? {};
  const plain = statements.map(listPlainGrants);
  const joined = withoutCovered([...plain.flatMap((some) => some ?? []), ...grants]);
  return JSON.stringify({
    Version,
    ...rest,
    Statement: [
      ...statements.filter((_, index) => plain[index] === undefined),
      ...[...Map.groupBy(joined, ({ action }) => action)]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([action, same]) => ({
          Effect: "Allow",
          Action: [action],
          Resource: [...new Set(same.map(({ resource }) => resource))].sort(),
        })),
    ],
  });
}

// A resource that a pattern of the same action covers takes no room of its own.
function withoutCovered(grants: readonly NeededGrant[]): readonly NeededGrant[] {
  const patterns = grants
    .filter(({ resource }) => resource.includes("*"))
    .flatMap((pattern) => {
      const document = tryParsePolicy(
        JSON.stringify({
          Version: "2012-10-17",
          Statement: { Effect: "Allow", Action: pattern.action, Resource: pattern.resource },
        }),
      );
      return document ? [{ ...pattern, document }] : [];
    });
  return grants.filter(
    ({ action, resource }) =>
      resource.includes("*") ||
      !patterns.some(
        (pattern) =>
          pattern.action === action &&
          decide({ action, resource: exampleOf(resource, []), context: {} }, [pattern.document]) ===
            "allowed",
      ),
  );
}

/** Returns the grants of a statement that allows one action on resources and nothing else, or undefined. */
function listPlainGrants(statement: unknown): readonly NeededGrant[] | undefined {
  if (typeof statement !== "object" || statement === null) return undefined;
  const { Effect, Action, Resource, Sid, ...others }: Record<string, unknown> = { ...statement };
  const [action, ...more] = [Action].flat();
  const resources = [Resource].flat();
  if (Effect !== "Allow" || Object.keys(others).length > 0 || more.length > 0) return undefined;
  if (typeof action !== "string" || !resources.every((resource) => typeof resource === "string"))
    return undefined;
  return resources.map((resource) => ({ action, resource }));
}
