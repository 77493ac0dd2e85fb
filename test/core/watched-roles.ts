import { type Config, defineConfig, type GuardedRole } from "@drift-guard/core/config/config";
import { RollbackChoice } from "@drift-guard/core/config/rollback-choice";
import { type Role, seen } from "@drift-guard/core/model/role";
import { findReference } from "@drift-guard/core/reference/built-in";
import type { Reference } from "@drift-guard/core/reference/reference";
import { aRole } from "../builders.ts";

/** The three roles of the source documents, watched, with automatic rollback of both sides. */
export const guardingAll: Config = defineConfig({
  roles: {
    AWSBatchServiceRole: { rollback: { excess: "automatic", missing: "automatic" } },
    AWSServiceRoleForBatch: {
      required: false,
      paths: ["/aws-service-role/batch.amazonaws.com/"],
      rollback: { excess: "automatic", missing: "automatic" },
    },
    ecsTaskExecutionRole: { rollback: { excess: "automatic", missing: "automatic" } },
  },
});

/** The owner's choices for a role: defaults, changed by `role`. */
export function guardedAs({
  rollback = {},
  ...role
}: Partial<Omit<GuardedRole, "rollback">> & {
  readonly rollback?: Partial<GuardedRole["rollback"]>;
}): GuardedRole {
  return {
    required: true,
    paths: ["/", "/service-role/"],
    rollback: RollbackChoice.parse(rollback),
    strictness: {},
    allowedPolicies: [],
    ...role,
  };
}

/** Returns the built-in reference of a name. Throws if there is none. */
export function referenceOf(name: string): Reference {
  const reference = findReference(name);
  if (!reference) throw new Error(`There is no reference ${name}.`);
  return reference;
}

/** Returns a role exactly as its built-in reference requires, changed by `over`. */
export function asReferenced(name: string, over: Partial<Role> = {}): Role {
  const reference = referenceOf(name);
  return aRole({
    name,
    path: reference.path ?? "/service-role/",
    trust: reference.trust,
    attached: reference.attachments.map(({ arn, version, document }) => ({
      arn,
      version: seen({ id: version, text: document }),
    })),
    profiles: seen(reference.profile === undefined ? [] : [reference.profile]),
    ...over,
  });
}
