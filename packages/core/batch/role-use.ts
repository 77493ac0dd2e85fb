import * as z from "zod";
import { AgentFeature } from "./agent-version.ts";

// What a need of each kind may be. A wider one in the table was written by somebody else: what a need allows is no excess.
const needForms = {
  secret: /^secretsmanager:GetSecretValue arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:[^*?]+(?:\?{6})?$/,
  registry: /^secretsmanager:GetSecretValue arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:[^*?]+(?:\?{6})?$/,
  parameter: /^ssm:GetParameters arn:[\w-]+:ssm:[\w-]+:\d{12}:parameter\/[^*?]+$/,
  key: /^kms:Decrypt arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[^*?]+$/,
  log: /^logs:CreateLogGroup arn:[\w-]+:logs:[\w-]+:\d{12}:log-group:[^*?]+(?::\*)?$/,
};

/** A permission that a job definition needs its execution role to have (R45, R46): one action on one resource. */
export const Need = z
  .object({
    /** Such as `secretsmanager:GetSecretValue`. */
    action: z.string(),
    /** ARN; ends in `??????` if the definition leaves out the random suffix of a secret. */
    resource: z.string(),
    what: z.enum(["secret", "parameter", "registry", "key", "log"]),
    /** Path in the job definition, such as `containerProperties.secrets[0].valueFrom`. */
    at: z.string(),
  })
  .refine(({ action, resource, what }) => needForms[what].test(`${action} ${resource}`), {
    error: "is no permission that a job definition can need",
  })
  .readonly();
export type Need = z.infer<typeof Need>;

/**
 * The duty of a role that instances get through an instance profile: `instance` where the ECS agent of an ordinary
 * instance uses it (2.1), `managed-instance` where the agent of an ECS managed instance does (2.6), and `eks-node` where
 * the instance is a Kubernetes node and runs no ECS agent (2.7).
 */
export const InstanceDuty = z.enum(["instance", "managed-instance", "eks-node"]);
export type InstanceDuty = z.infer<typeof InstanceDuty>;

/** The purpose for which a compute environment uses a role. */
export const EnvironmentDuty = z.enum(["service", ...InstanceDuty.options, "spot-fleet", "infrastructure"]);
export type EnvironmentDuty = z.infer<typeof EnvironmentDuty>;

const strings = z.array(z.string()).readonly();
/** Set if `arn` is of another account (T13): the use is then recorded for this account's role of the same name. */
const otherAccount = z.literal(true).exactOptional();

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
    /** The ARN by which Batch assumes the role, if the environment gives it: a role at another path is another role (2.8, 2.9). */
    arn: z.string().exactOptional(),
    /** The instance profile that it names instead of a role. */
    profile: z.string().exactOptional(),
    /** Set if that profile does not exist or holds no role: the use is then recorded for the role of the profile's name. */
    profileEmpty: z.literal(true).exactOptional(),
    otherAccount,
    /** The oldest version of the ECS agent on its instances, as last seen (R37); only on the use of the instance role. */
    oldestAgent: z.string().exactOptional(),
    /** What the active job definitions of its Region ask of the ECS agent, as last seen; where `oldestAgent` is. */
    agentFeatures: z.array(AgentFeature).readonly().exactOptional(),
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
    /** Secrets that could not be parsed: one sentence each, with its path. */
    unread: strings,
    /** Secrets in a form that the ECS agent refuses: one sentence each, with its path and the right form. */
    refused: strings.exactOptional(),
    /** What of the definition is not recorded because it is too large: one sentence each. Left out if all is. */
    omitted: strings.exactOptional(),
    /** Whether the definition runs on Fargate, which always needs an execution role. */
    fargate: z.boolean(),
    /** Set if it needs an execution role and names none: the use is then recorded for the role of the usual name. */
    roleNotNamed: z.literal(true).exactOptional(),
    /** The ARN by which it names the role; left out if it names the role without one. */
    arn: z.string().exactOptional(),
    otherAccount,
  })
  .readonly();
export type DefinitionUse = z.infer<typeof DefinitionUse>;

/** A compute environment or job definition that uses a role, and so breaks with it. */
export const RoleUse = z.discriminatedUnion("kind", [EnvironmentUse, DefinitionUse]);
export type RoleUse = z.infer<typeof RoleUse>;

/** Names a compute environment, or all revisions of a job definition, in one region. */
export interface UsageSubject {
  readonly kind: RoleUse["kind"];
  readonly region: string;
  readonly name: string;
}

/** A compute environment or job definition, and the roles that it uses. */
export interface RoleUser {
  readonly subject: UsageSubject;
  /** Names of the roles. */
  readonly roles: readonly string[];
}

/** Whether a use names this account's role, so that the role must exist. */
export function namesRole(use: RoleUse): boolean {
  if (use.otherAccount) return false;
  return use.kind === "compute-environment" ? use.profileEmpty === undefined : use.roleNotNamed === undefined;
}

/** Whether work depends on the use now: the environment is enabled, or the definition is active (others are not kept). */
export function isInWork(use: RoleUse): boolean {
  return use.kind === "job-definition" || use.state === "ENABLED";
}
