import * as z from "zod";

/** A version of the ECS agent. */
export type AgentVersion = readonly [major: number, minor: number, patch: number];

const minimum: AgentVersion = [1, 16, 0];

/** The first version of the ECS agent that supports execution roles (R37). */
export const minAgentVersion = minimum.join(".");

/** Whether an agent is new enough for execution roles; `unknown` if its version cannot be parsed. */
export type AgentVerdict = "enough" | "too-old" | "unknown";

/** Parses a version such as `1.86.3`; undefined if the text has another form. */
export function parseAgentVersion(text: string): AgentVersion | undefined {
  const [, major, minor, patch] = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/.exec(text) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  return [Number(major), Number(minor), Number(patch)];
}

/** Returns a number below zero if `a` is older than `b`, above zero if it is newer, and zero if they are equal. */
export function compareAgentVersions(a: AgentVersion, b: AgentVersion): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** Returns whether the agent of a version supports execution roles. */
export function judgeAgent(text: string): AgentVerdict {
  const version = parseAgentVersion(text);
  if (!version) return "unknown";
  return compareAgentVersions(version, minimum) < 0 ? "too-old" : "enough";
}

const worstFirst: readonly AgentVerdict[] = ["too-old", "unknown", "enough"];

/**
 * Returns the version to report for a cluster's instances: the oldest that is too old, else one that cannot be parsed,
 * else the oldest. Undefined if there are no versions.
 */
export function findOldestAgent(texts: readonly string[]): string | undefined {
  const [worst] = texts.toSorted(compareForReport);
  return worst;
}

function compareForReport(a: string, b: string): number {
  const rank = (text: string) => worstFirst.indexOf(judgeAgent(text));
  const [left, right] = [parseAgentVersion(a), parseAgentVersion(b)];
  // Versions that cannot be parsed are ordered as text, so that the result does not depend on the order of the input.
  return (
    rank(a) - rank(b) || (left && right ? compareAgentVersions(left, right) : a < b ? -1 : Number(a > b))
  );
}

/** What a job definition can ask of the ECS agent beyond an execution role. */
export const AgentFeature = z.enum(["registry", "parameter", "secret", "log-secret", "secret-part"]);
export type AgentFeature = z.infer<typeof AgentFeature>;

// AWS's pages disagree, so that these are the larger numbers (T14; docs/aws-facts.md, "AWS Batch").
const featureFacts: Readonly<Record<AgentFeature, { readonly since: AgentVersion; readonly what: string }>> =
  {
    registry: { since: [1, 19, 0], what: "credentials of private registries" },
    parameter: { since: [1, 22, 0], what: "parameters of Systems Manager" },
    secret: { since: [1, 23, 0], what: "secrets of Secrets Manager" },
    "log-secret": { since: [1, 27, 0], what: "secrets in log configurations" },
    "secret-part": { since: [1, 37, 0], what: "JSON keys or versions of secrets" },
  };

/**
 * Returns those of some features that an agent is too old for, each as text with its first version; none if the agent's
 * version cannot be parsed.
 */
export function listMissingFeatures(text: string, used: readonly AgentFeature[]): readonly string[] {
  const version = parseAgentVersion(text);
  if (!version) return [];
  return AgentFeature.options.flatMap((feature) => {
    const { since, what } = featureFacts[feature];
    const lacks = used.includes(feature) && compareAgentVersions(version, since) < 0;
    return lacks ? [`${what} (${since.join(".")})`] : [];
  });
}
