import { type AttachedPolicy, type RoleReading, seen, unseen } from "../model/role.ts";
import type { Reference, RequiredBoundary } from "./reference.ts";

/**
 * Returns a role that is exactly as its reference requires, in the account 123456789012 and the reference's partition.
 * Evaluating it must find no drift: this checks that the reference is consistent.
 */
export function exemplifyReference(reference: Reference): RoleReading {
  const account = "123456789012";
  const name = reference.role;
  const { partition = "aws", path = "/" } = reference;
  return {
    status: "present",
    role: {
      account,
      partition,
      name,
      id: "AROAEXAMPLE",
      path,
      arn: `arn:${partition}:iam::${account}:role${path}${name}`,
      trust: reference.trust,
      attached: reference.attachments.map(({ arn, version, document }) => ({
        arn,
        version: seen({ id: version, text: document }),
      })),
      inline: reference.floor ? [{ name: "floor", text: reference.floor.document }] : [],
      boundary: seen(typeof reference.boundary === "object" ? exemplifyBoundary(reference.boundary) : null),
      tags: seen(reference.tags ?? {}),
      description: seen(reference.description ?? ""),
      maxSession: seen(reference.maxSession ?? 3600),
      profiles: seen(reference.profile === undefined ? [] : [reference.profile]),
    },
  };
}

function exemplifyBoundary({ arn, document }: RequiredBoundary): AttachedPolicy {
  return {
    arn,
    version:
      document === undefined ? unseen("The reference has no document.") : seen({ id: "v1", text: document }),
  };
}
