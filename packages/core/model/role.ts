import * as z from "zod";

/** A value that a source shows, or why it does not. What is not observed is never treated as clean. */
export type Observed<T> =
  | { readonly observed: true; readonly value: T }
  | { readonly observed: false; readonly why: string };

/** Returns an observed value. */
export function seen<T>(value: T): Observed<T> {
  return { observed: true, value };
}

/** Returns a value that could not be read; `why` is a sentence for people. */
export function unseen(why: string): { readonly observed: false; readonly why: string } {
  return { observed: false, why };
}

const observed = <T extends z.ZodType>(value: T) =>
  z.discriminatedUnion("observed", [
    z.object({ observed: z.literal(true), value }).readonly(),
    z.object({ observed: z.literal(false), why: z.string() }).readonly(),
  ]);

/** The default version of a managed policy: its id (`v13`) and its document as JSON text. */
export const PolicyVersion = z.object({ id: z.string(), text: z.string() }).readonly();
export type PolicyVersion = z.infer<typeof PolicyVersion>;

/** A managed policy that is attached to a role, or is its boundary. */
export const AttachedPolicy = z.object({ arn: z.string(), version: observed(PolicyVersion) }).readonly();
export type AttachedPolicy = z.infer<typeof AttachedPolicy>;

/** A policy that is embedded in a role; `text` is its document as JSON text, percent-decoded. */
export const InlinePolicy = z.object({ name: z.string(), text: z.string() }).readonly();
export type InlinePolicy = z.infer<typeof InlinePolicy>;

/** A live IAM role as read. Documents are JSON text, percent-decoded, and may not parse. */
export const Role = z
  .object({
    account: z.string(),
    partition: z.string(),
    name: z.string(),
    /** The unique id (`AROA…`). A role that is deleted and created again has another. */
    id: z.string(),
    path: z.string(),
    arn: z.string(),
    trust: z.string(),
    attached: z.array(AttachedPolicy).readonly(),
    inline: z.array(InlinePolicy).readonly(),
    /** `null` is a role without a boundary. */
    boundary: observed(AttachedPolicy.nullable()),
    tags: observed(z.record(z.string(), z.string()).readonly()),
    description: observed(z.string()),
    /** Seconds. */
    maxSession: observed(z.number()),
    /** Names of the instance profiles that hold the role. */
    profiles: observed(z.array(z.string()).readonly()),
  })
  .readonly();
export type Role = z.infer<typeof Role>;

/** The result of reading a role by its name: IAM answered that it exists or that it does not. */
export type RoleReading =
  | { readonly status: "present"; readonly role: Role }
  | { readonly status: "absent"; readonly account: string; readonly name: string };

/** Names one role of one account. */
export const RoleKey = z.object({ account: z.string(), name: z.string() }).readonly().meta({ id: "RoleKey" });
export type RoleKey = z.infer<typeof RoleKey>;

/** Returns the key's text, under which the role's ledger is stored. Lower case: IAM compares role names without case. */
export function formatRoleKey(key: RoleKey): string {
  return `${key.account}#${key.name.toLowerCase()}`;
}

/** Whether two role names are the same to IAM. */
export function sameRoleName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
