import type { Grant as PolicyGrant, PolicyPrincipal, PolicyRequest } from "@drift-guard/policy/grant";
import * as z from "zod";

const strings = z.array(z.string()).readonly();

const Principal: z.ZodType<PolicyPrincipal> = z
  .object({ type: z.enum(["AWS", "Service", "Federated", "CanonicalUser"]), id: z.string() })
  .readonly();

const Example: z.ZodType<PolicyRequest> = z
  .object({
    principal: Principal.exactOptional(),
    action: z.string(),
    resource: z.string().exactOptional(),
    context: z.record(z.string(), z.union([z.string(), strings])).readonly(),
  })
  .readonly();

const conditions = z
  .array(z.object({ operator: z.string(), key: z.string(), values: strings }).readonly())
  .readonly();

const statements = z
  .array(
    z.object({ document: z.number(), statement: z.number(), sid: z.string().exactOptional() }).readonly(),
  )
  .readonly();

/** The fields of a grant's schema, for schemas that add to them. */
export const grantFields = {
  actions: strings,
  exceptActions: strings.exactOptional(),
  resources: strings.exactOptional(),
  exceptResources: strings.exactOptional(),
  principals: z.array(Principal).readonly().exactOptional(),
  exceptPrincipals: z.array(Principal).readonly().exactOptional(),
  conditions,
  exceptConditions: z.array(conditions).readonly().exactOptional(),
  partly: z.literal(true).exactOptional(),
  example: Example.exactOptional(),
  remains: z.enum(["all", "part", "none", "undecided"]).exactOptional(),
  statements,
  nearest: statements.exactOptional(),
};

/** The schema of a stored grant, which has the shape of `Grant` in `@drift-guard/policy`. */
export const Grant: z.ZodType<PolicyGrant> = z.object(grantFields).readonly().meta({ id: "Grant" });
export type Grant = PolicyGrant;
