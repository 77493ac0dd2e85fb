import * as z from "zod";

/** The severity of a finding, in Security Hub's terms, from the worst to the mildest. */
export const Severity = z.enum(["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"]);
export type Severity = z.infer<typeof Severity>;

/** Orders what is rated by severity, the worst first. */
export function worstFirst(
  one: { readonly severity: Severity },
  other: { readonly severity: Severity },
): number {
  return Severity.options.indexOf(one.severity) - Severity.options.indexOf(other.severity);
}
