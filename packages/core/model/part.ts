import * as z from "zod";

/** The part of a role at which it differs from its reference. */
export const Part = z.union([
  z.enum(["role", "trust", "boundary", "description", "session", "profile", "permissions"]),
  z.templateLiteral(["managed:", z.string()]),
  z.templateLiteral(["inline:", z.string()]),
  z.templateLiteral(["tag:", z.string()]),
]);
export type Part = z.infer<typeof Part>;
