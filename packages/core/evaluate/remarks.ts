/** Sentences in a drift's detail that say of its grants and Denies that they have no effect now. */
export const remarks = {
  over: "The time in its conditions has passed, so it allows nothing any more.",
  allowedElsewhere: "Other policies of the role allow the same.",
  deniesNothing: "It denies nothing that the role's policies or its reference allow.",
} as const;

/** The sentence before the paths of privilege escalation that code with the role can take. */
export const extendsItself =
  "It lets code that runs with this role, such as a job, extend its own permissions.";

/** Returns the sentence that names the paths of privilege escalation that grants complete. */
export function describePaths(count: number, named: string): string {
  return `It completes ${count === 1 ? "a known path" : "known paths"} of privilege escalation: ${named}.`;
}

const paths = /It completes (?:a known path|known paths) of privilege escalation: .*?(?:\)| more)\.(?= |$)/g;

/** What a detail consists of. */
interface Detail {
  /** What grants and Denies do not show, such as a policy that is not attached; empty if they show all. */
  readonly difference: string;
  readonly escalates: boolean;
  /** Whether it says that the difference has no effect. */
  readonly harmless: boolean;
}

function read(detail = ""): Detail {
  const noEffect = Object.values(remarks);
  const difference = [extendsItself, ...noEffect].reduce(
    (text, remark) => text.replaceAll(remark, ""),
    detail.replaceAll(paths, ""),
  );
  return {
    difference: difference.replaceAll(/\s+/g, " ").trim(),
    escalates: detail.search(paths) >= 0,
    harmless: noEffect.some((remark) => detail.includes(remark)),
  };
}

/**
 * Whether a drift's detail says more than another did: another difference that grants do not show, a path of privilege
 * escalation where there was none, or an effect where there was none. Which paths, and how many, follows from the grants.
 */
export function saysMore(now: string | undefined, before: string | undefined): boolean {
  const [own, other] = [read(now), read(before)];
  return (
    (own.difference !== "" && own.difference !== other.difference) ||
    (own.escalates && !other.escalates) ||
    (other.harmless && !own.harmless)
  );
}

/** Returns a detail without the paths of privilege escalation; undefined if nothing is left. */
export function withoutPaths(detail: string | undefined): string | undefined {
  const left = detail?.replaceAll(paths, "").replaceAll(extendsItself, "").replaceAll(/ {2,}/g, " ").trim();
  return left === "" ? undefined : left;
}
