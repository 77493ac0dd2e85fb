import { decide } from "@drift-guard/policy/decide";
import type { PolicyDocument } from "@drift-guard/policy/document";
import type { DefinitionUse, Need } from "../batch/role-use.ts";
import type { Note } from "../model/evidence.ts";
import { partOf } from "../model/part.ts";
import { needKey } from "./kms-decrypt.ts";
import { exampleOf, type NeedsQuestion, readRolePolicies } from "./need-judgement.ts";
import { resourcesOf } from "./need-resources.ts";
import { grantsOf } from "./needs.ts";

const secretActions = ["secretsmanager:GetSecretValue", "ssm:GetParameters"];

type Asked = Pick<Need, "action" | "resource">;

/**
 * Returns a note of the grants on secrets and parameters that no active job definition uses; none if a definition could
 * not be parsed or recorded as a whole.
 */
export function findUnusedGrants({ role, uses, facts }: NeedsQuestion): readonly Note[] {
  if (mayUseMore(uses)) return [];
  const needs = uses.flatMap((use) =>
    use.needs.flatMap((need) =>
      resourcesOf(need, facts.get(need.resource)).map((resource) => ({ ...need, resource })),
    ),
  );
  const unused = listUnused(readRolePolicies(role).documents, secretActions, needs);
  if (unused.length === 0) return [];
  return [
    {
      kind: "note",
      part: partOf("permissions"),
      topic: "unused-grants",
      details: ["No active job definition with this execution role uses these secrets and parameters."],
      grants: grantsOf(unused),
    },
  ];
}

/**
 * Returns a note of the grants of kms:Decrypt on keys that encrypt no secret and no parameter of an active job definition
 * (T12). None if a definition could not be parsed or recorded as a whole, or if the key of one of its secrets or parameters is not known. The
 * caller knows whether the definitions of every Region are among the uses.
 */
export function findUnusedKeys({ role, uses, facts }: NeedsQuestion): readonly Note[] {
  if (mayUseMore(uses)) return [];
  const encrypted = uses.flatMap((use) => use.needs.filter(({ what }) => what !== "log"));
  if (encrypted.some(({ resource }) => facts.get(resource)?.key === undefined)) return [];
  const needs = encrypted.flatMap((need) => needKey(need, facts) ?? []);
  const unused = listUnused(readRolePolicies(role).documents, ["kms:Decrypt"], needs);
  if (unused.length === 0) return [];
  return [
    {
      kind: "note",
      part: partOf("permissions"),
      topic: "unused-keys",
      details: [
        "These keys encrypt no secret and no parameter that an active job definition with this execution role uses, in any enabled Region of the account.",
      ],
      grants: grantsOf(unused),
    },
  ];
}

// A definition that could not be parsed, or is too large to be recorded, may use any grant.
function mayUseMore(uses: readonly DefinitionUse[]): boolean {
  return (
    uses.length === 0 || uses.some(({ unread, omitted = [] }) => unread.length > 0 || omitted.length > 0)
  );
}

/** Lists the resources, by action, that statements allow and no need uses. Statements on `*` and negated ones are left out. */
function listUnused(
  documents: readonly PolicyDocument[],
  candidates: readonly string[],
  needs: readonly Asked[],
): readonly Need[] {
  return documents.flatMap((document) =>
    document.statements.flatMap((statement): readonly Need[] => {
      const { effect, actions, resources } = statement;
      if (effect === "Deny" || actions.negated || !resources || resources.negated) return [];
      return candidates.flatMap((action) =>
        resources.entries.flatMap((resource) => {
          const entry = {
            ...document,
            statements: [
              { ...statement, conditions: [], resources: { negated: false, entries: [resource] } },
            ],
          };
          const gives = (asked: Asked) =>
            decide({ ...asked, resource: exampleOf(asked.resource, [entry]), context: {} }, [entry]) ===
            "allowed";
          const example = { action, resource: resource.replaceAll("*", "x").replaceAll("?", "x") };
          if (!isOfService(resource, action) || !gives(example)) return [];
          return needs.some((need) => need.action === action && gives(need))
            ? []
            : [{ action, resource, what: "secret", at: "" }];
        }),
      );
    }),
  );
}

// A grant on `*` covers more than secrets and keys, and is reported as excess if it is too much.
function isOfService(resource: string, action: string): boolean {
  return resource.startsWith("arn:") && resource.split(":")[2] === action.split(":")[0];
}
