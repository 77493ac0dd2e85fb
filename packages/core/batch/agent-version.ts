/** A version of the ECS agent. */
export type AgentVersion = readonly [major: number, minor: number, patch: number];

const minimum: AgentVersion = [1, 16, 0];

/** The first version of the ECS agent that takes execution roles (R37). */
export const minAgentVersion = minimum.join(".");

/** Whether an agent is new enough for execution roles; `unknown` where its version cannot be read. */
export type AgentVerdict = "enough" | "too-old" | "unknown";

/** Reads a version such as `1.86.3`; undefined where the text has any other form. */
export function parseAgentVersion(text: string): AgentVersion | undefined {
  const [, major, minor, patch] = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/.exec(text) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  return [Number(major), Number(minor), Number(patch)];
}

/** Below zero where `a` is older than `b`, above where it is newer, zero where they are the same. */
export function compareAgentVersions(a: AgentVersion, b: AgentVersion): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** Judges an agent by the version that it shows. */
export function judgeAgent(text: string): AgentVerdict {
  const version = parseAgentVersion(text);
  if (!version) return "unknown";
  return compareAgentVersions(version, minimum) < 0 ? "too-old" : "enough";
}

const worstFirst: readonly AgentVerdict[] = ["too-old", "unknown", "enough"];

/**
 * The version that says most against an environment's instances: the oldest, and one that cannot be read before those
 * that are new enough. Undefined where there are none.
 */
export function findOldestAgent(texts: readonly string[]): string | undefined {
  const [worst] = texts.toSorted(compareForReport);
  return worst;
}

function compareForReport(a: string, b: string): number {
  const rank = (text: string) => worstFirst.indexOf(judgeAgent(text));
  const [left, right] = [parseAgentVersion(a), parseAgentVersion(b)];
  // Those that cannot be read have an order too, so that the same instances always show the same.
  return (
    rank(a) - rank(b) || (left && right ? compareAgentVersions(left, right) : a < b ? -1 : Number(a > b))
  );
}
