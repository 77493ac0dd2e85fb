import * as z from "zod";

/** A grant that a job definition needs its execution role to have (R45, R46). */
export const Need = z
  .object({
    /** Such as `secretsmanager:GetSecretValue`. */
    action: z.string(),
    /** ARN, or ARN pattern where the exact ARN is not known from the definition. */
    resource: z.string(),
    what: z.enum(["secret", "parameter", "registry", "key", "image", "log"]),
    /** Path in the job definition, such as `containerProperties.secrets[0].valueFrom`. */
    at: z.string(),
  })
  .readonly();
export type Need = z.infer<typeof Need>;

/** What a compute environment uses a role as. */
export const EnvironmentDuty = z.enum(["service", "instance", "spot-fleet", "infrastructure"]);
export type EnvironmentDuty = z.infer<typeof EnvironmentDuty>;

/** One thing of Batch that uses a role: what breaks when the role does. */
export const RoleUse = z.discriminatedUnion("kind", [
  z
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
      queues: z.array(z.string()).readonly(),
    })
    .readonly(),
  z
    .object({
      kind: z.literal("job-definition"),
      region: z.string(),
      name: z.string(),
      revision: z.number(),
      duty: z.enum(["execution", "job"]),
      needs: z.array(Need).readonly(),
      /** Whether the definition runs on Fargate, which always needs an execution role. */
      fargate: z.boolean(),
    })
    .readonly(),
]);
export type RoleUse = z.infer<typeof RoleUse>;
