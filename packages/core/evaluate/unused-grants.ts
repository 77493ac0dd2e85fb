import { decide } from "@drift-guard/policy/decide";
import type { Need } from "../batch/role-use.ts";
import type { Note } from "../model/evidence.ts";
import { partOf } from "../model/part.ts";
import { exampleOf, type NeedsQuestion, readRolePolicies } from "./need-judgement.ts";
import { resourcesOf } from "./need-resources.ts";
import { grantsOf } from "./needs.ts";

const secretActions = ["secretsmanager:GetSecretValue", "ssm:GetParameters"];

/**
 * Returns a note of the grants on secrets and parameters that no active job definition uses; none if a definition could
 * not be parsed.
 */
export function findUnusedGrants({ role, uses, facts }: NeedsQuestion): readonly Note[] {
  // A definition that could not be parsed may use them.
  if (uses.length === 0 || uses.some(({ unread }) => unread.length > 0)) return [];
  const needs = uses.flatMap((use) =>
    use.needs.flatMap((need) =>
      resourcesOf(need, facts.get(need.resource)).map((resource) => ({ ...need, resource })),
    ),
  );
  const { documents } = readRolePolicies(role);
  const unused = documents.flatMap((document) =>
    document.statements.flatMap((statement): readonly Need[] => {
      const { effect, actions, resources } = statement;
      if (effect === "Deny" || actions.negated || !resources || resources.negated) return [];
      return secretActions.flatMap((action) =>
        resources.entries.flatMap((resource) => {
          const entry = {
            ...document,
            statements: [
              { ...statement, conditions: [], resources: { negated: false, entries: [resource] } },
            ],
          };
          const gives = (asked: Pick<Need, "action" | "resource">) =>
            decide({ ...asked, resource: exampleOf(asked.resource, [entry]), context: {} }, [entry]) ===
            "allowed";
          const example = { action, resource: resource.replaceAll("*", "x").replaceAll("?", "x") };
          if (!namesSecrets(resource, action) || !gives(example)) return [];
          return needs.some((need) => need.action === action && gives(need))
            ? []
            : [{ action, resource, what: "secret", at: "" }];
        }),
      );
    }),
  );
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

// A grant on `*` covers more than secrets, and is reported as excess if it is too much.
function namesSecrets(resource: string, action: string): boolean {
  return resource.startsWith("arn:") && resource.split(":")[2] === action.split(":")[0];
}
