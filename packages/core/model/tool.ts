import type { Actor } from "./actor.ts";

/** What a caller used to make a call, as its user agent claims. */
export type Tool =
  | "console"
  | "cli"
  | "terraform"
  | "pulumi"
  | "cloudformation"
  | "cdk"
  | "sdk"
  | "aws-service"
  | "drift-guard"
  | "unknown";

// The first that matches counts: infrastructure tools and the guard add their name to the user agent of an SDK, and the
// CLI to that of botocore (docs/aws-facts.md, "CloudTrail records").
const agents: readonly (readonly [RegExp, Tool])[] = [
  [/\bdrift-guard\b/i, "drift-guard"],
  [/\b(?:terraform|opentofu)\b/i, "terraform"],
  [/\bpulumi\b/i, "pulumi"],
  [/\baws-cdk\b|\bcdk\//i, "cdk"],
  [/^cloudformation\.amazonaws\.com/i, "cloudformation"],
  [/^aws-cli\//i, "cli"],
  [/^(?:console|signin)\.amazonaws\.com|^mozilla\/|^aws internal/i, "console"],
  [/^(?:aws-sdk-|boto3?\/|botocore\/)/i, "sdk"],
];

/**
 * Returns the tool of a call, for people to read. Anybody can write any user agent, so no decision may depend on it.
 */
export function toolOf({ type, service, userAgent = "" }: Actor): Tool {
  if (service === "cloudformation.amazonaws.com") return "cloudformation";
  const named = agents.find(([pattern]) => pattern.test(userAgent))?.[1];
  if (named !== undefined) return named;
  return service !== undefined || type === "AWSService" ? "aws-service" : "unknown";
}
