import { type Reference, Reference as ReferenceSchema } from "./reference.ts";
import batchServiceLinkedRole from "./references/batch-service-linked-role.json" with { type: "json" };
import batchServiceRole from "./references/batch-service-role.json" with { type: "json" };
import ecsTaskExecutionRole from "./references/ecs-task-execution-role.json" with { type: "json" };
import { sameRoleName } from "./role.ts";

let parsed: readonly Reference[] | undefined;

/** The built-in references, as the AWS Batch User Guide states them; each says its source and date. */
export function references(): readonly Reference[] {
  parsed ??= [batchServiceRole, batchServiceLinkedRole, ecsTaskExecutionRole].map((data) =>
    ReferenceSchema.parse(data),
  );
  return parsed;
}

/** The built-in reference of a role name, or undefined where there is none. */
export function findReference(name: string): Reference | undefined {
  return references().find((reference) => sameRoleName(reference.role, name));
}

/** A reference as it reads in another partition: the guide prints `arn:aws:` throughout (T7). */
export function localiseReference(reference: Reference, partition: string): Reference {
  if (partition === "aws") return reference;
  const localise = (text: string) => text.replaceAll("arn:aws:", `arn:${partition}:`);
  return {
    ...reference,
    trust: localise(reference.trust),
    attachments: reference.attachments.map((attachment) => ({
      ...attachment,
      arn: localise(attachment.arn),
      document: localise(attachment.document),
    })),
    ...(reference.allowed && {
      allowed: { ...reference.allowed, document: localise(reference.allowed.document) },
    }),
  };
}
