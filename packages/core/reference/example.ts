import { type RoleReading, seen } from "../model/role.ts";
import type { Reference } from "./reference.ts";

/** A role that is exactly as its reference says, in an account of no importance: a reference that is sound is clean of it. */
export function exemplifyReference(reference: Reference): RoleReading {
  const account = "123456789012";
  const name = reference.role;
  const path = reference.path ?? "/";
  return {
    status: "present",
    role: {
      account,
      partition: "aws",
      name,
      id: "AROAEXAMPLE",
      path,
      arn: `arn:aws:iam::${account}:role${path}${name}`,
      trust: reference.trust,
      attached: reference.attachments.map(({ arn, version, document }) => ({
        arn,
        version: seen({ id: version, text: document }),
      })),
      inline: reference.floor ? [{ name: "floor", text: reference.floor.document }] : [],
      boundary: seen(null),
      tags: seen({}),
      description: seen(""),
      maxSession: seen(3600),
      profiles: seen(reference.profile === undefined ? [] : [reference.profile]),
    },
  };
}
