import * as z from "zod";

/** A grant that a job definition needs its execution role to have (R45, R46). */
export const Need = z
  .object({
    /** Such as `secretsmanager:GetSecretValue`. */
    action: z.string(),
    /** ARN; with `??????` in it where the definition does not name the suffix of a secret. */
    resource: z.string(),
    what: z.enum(["secret", "parameter", "registry", "key", "log"]),
    /** Path in the job definition, such as `containerProperties.secrets[0].valueFrom`. */
    at: z.string(),
  })
  .readonly();
export type Need = z.infer<typeof Need>;

/** What a compute environment uses a role as. */
export const EnvironmentDuty = z.enum(["service", "instance", "spot-fleet", "infrastructure"]);
export type EnvironmentDuty = z.infer<typeof EnvironmentDuty>;

const strings = z.array(z.string()).readonly();

/** A compute environment that uses a role. */
export const EnvironmentUse = z
  .object({
    kind: z.literal("compute-environment"),
    region: z.string(),
    name: z.string(),
    duty: EnvironmentDuty,
    /** `ENABLED` or `DISABLED`. */
    state: z.string(),
    /** `VALID`, `INVALID`, `DELETING`, … */
    status: z.string(),
    statusReason: z.string().exactOptional(),
    /** Job queues that run on it. */
    queues: strings,
    /** The ARN that Batch takes the role by, where the environment says it: another path is another role (2.8, 2.9). */
    arn: z.string().exactOptional(),
    /** The instance profile that it names in the role's place. */
    profile: z.string().exactOptional(),
    /** Set where that profile is gone, or holds no role: the use is told of the role of the profile's own name. */
    profileEmpty: z.literal(true).exactOptional(),
    /** The oldest version of the ECS agent on its instances, as last seen (R37); told of the instances' role alone. */
    oldestAgent: z.string().exactOptional(),
  })
  .readonly();
export type EnvironmentUse = z.infer<typeof EnvironmentUse>;

/** A revision of a job definition that uses a role. */
export const DefinitionUse = z
  .object({
    kind: z.literal("job-definition"),
    region: z.string(),
    name: z.string(),
    revision: z.number(),
    duty: z.enum(["execution", "job"]),
    needs: z.array(Need).readonly(),
    /** What of its secrets cannot be understood, each a sentence with its path. */
    unread: strings,
    /** Whether the definition runs on Fargate, which always needs an execution role. */
    fargate: z.boolean(),
    /** Set where it needs an execution role and names none: the use is told of the role of the usual name. */
    roleNotNamed: z.literal(true).exactOptional(),
  })
  .readonly();
export type DefinitionUse = z.infer<typeof DefinitionUse>;

/** One thing of Batch that uses a role: what breaks when the role does. */
export const RoleUse = z.discriminatedUnion("kind", [EnvironmentUse, DefinitionUse]);
export type RoleUse = z.infer<typeof RoleUse>;

/** Names a compute environment, or all revisions of a job definition, in one region. */
export interface UsageSubject {
  readonly kind: RoleUse["kind"];
  readonly region: string;
  readonly name: string;
}

/** What of Batch uses roles, and which. */
export interface RoleUser {
  readonly subject: UsageSubject;
  /** Names of the roles. */
  readonly roles: readonly string[];
}

/** Whether a use names its role, so that the role must be there. */
export function namesRole(use: RoleUse): boolean {
  return use.kind === "compute-environment" ? use.profileEmpty === undefined : use.roleNotNamed === undefined;
}

/** Whether work depends on it now: an enabled environment, or a definition, of which only active ones are kept. */
export function isInWork(use: RoleUse): boolean {
  return use.kind === "job-definition" || use.state === "ENABLED";
}
