import type { Condition } from "@drift-guard/policy/grant";
import type { Grant } from "../model/grant.ts";
import type { Role } from "../model/role.ts";
import { matchesAction } from "./action-pattern.ts";
import { attachesOnlyHarmless } from "./attachable-policies.ts";
import { compareTexts } from "./comparison.ts";
import { type EscalationPath, escalationPaths } from "./escalation-paths.ts";
import { isOver } from "./grant-time.ts";
import { listPolicyTexts } from "./policy-texts.ts";
import { describePaths } from "./remarks.ts";

/** Grants that complete known paths of privilege escalation. */
interface Escalation {
  /** Those of the given grants that a completed path needs. */
  readonly grants: readonly Grant[];
  /** One sentence that names the paths, with their sources. */
  readonly detail: string;
}

/**
 * Prepares the check of whether grants of a role's policies complete known paths of privilege escalation, together with
 * everything that the role may do: its policies less their Denies, within its boundary. Grants that `isChosen`
 * rejects do not count, nor do those whose time is over at `now`. The role is compared at most once.
 */
export function createEscalationCheck(
  role: Role,
  now: Date | undefined,
  isChosen: (grant: Grant) => boolean = () => true,
): (grants: readonly Grant[]) => Escalation | undefined {
  let limits: readonly Limit[] | undefined;
  const counts = (grant: Grant) => isChosen(grant) && !isOver(grant, now);
  const serves = (grant: Grant, action: string, path: EscalationPath) =>
    allows(grant, action) &&
    !attachesOnlyHarmless(action, grant.conditions) &&
    (action !== "iam:PassRole" || passesTo(grant, listServices(path, role.partition)));
  return (given) => {
    const grants = given.filter(counts);
    if (!grants.some(isOnPath)) return undefined;
    const candidates = escalationPaths.filter(({ actions }) =>
      actions.some((action) => grants.some((grant) => allows(grant, action))),
    );
    if (candidates.length === 0) return undefined;
    limits ??= [
      listAllowed(listPolicyTexts(role), counts),
      ...limitsOfBoundary(role, (grant) => !isOver(grant, now)),
    ];
    const within = limits;
    const holds = (action: string, path: EscalationPath) =>
      within.every(
        ({ grants: allowed, isWhole }) => !isWhole || allowed.some((grant) => serves(grant, action, path)),
      );
    const completed = candidates.filter(
      (path) =>
        path.actions.every((action) => holds(action, path)) &&
        path.actions.some((action) => grants.some((grant) => serves(grant, action, path))),
    );
    if (completed.length === 0) return undefined;
    const isNeeded = (grant: Grant) =>
      completed.some((path) => path.actions.some((action) => serves(grant, action, path)));
    return { grants: grants.filter(isNeeded), detail: formatPaths(completed) };
  };
}

/** What a role's policies, or its boundary, let it do at most. */
interface Limit {
  readonly grants: readonly Grant[];
  /** False if a policy could not be compared: they may allow more, and limit nothing. */
  readonly isWhole: boolean;
}

function listAllowed(texts: readonly string[], counts: (grant: Grant) => boolean): Limit {
  const { excess, undecided } = compareTexts(texts, [], { kind: "identity" });
  return { grants: excess.filter(counts), isWhole: undecided.length === 0 };
}

function limitsOfBoundary({ boundary }: Role, counts: (grant: Grant) => boolean): readonly Limit[] {
  const version = boundary.observed ? boundary.value?.version : undefined;
  return version?.observed ? [listAllowed([version.value.text], counts)] : [];
}

/** Returns the principals of a path's service in a partition: in China, some services have one of their own (R3). */
function listServices({ passedTo }: EscalationPath, partition: string): readonly string[] {
  if (passedTo === undefined) return [];
  return partition === "aws-cn" ? [passedTo, `${passedTo}.cn`] : [passedTo];
}

/** Whether a grant allows an action of a known path of privilege escalation. */
export function isOnPath(grant: Grant): boolean {
  return listPathActions(grant).size > 0;
}

function allows(grant: Grant, action: string): boolean {
  return listPathActions(grant).has(action);
}

const pathActions = [...new Set(escalationPaths.flatMap(({ actions }) => actions))];
// A grant is asked for the actions of every path, and again by each trial of a fix.
const known = new WeakMap<Grant, ReadonlySet<string>>();

/** Returns the actions of escalation paths that a grant allows. */
function listPathActions(grant: Grant): ReadonlySet<string> {
  const before = known.get(grant);
  if (before) return before;
  const { actions, exceptActions = [], resources = [] } = grant;
  // Nobody can change the policies of AWS.
  const isHarmless =
    resources.length > 0 && resources.every((resource) => /^arn:[\w-]+:iam::aws:/.test(resource));
  const allowed = pathActions.filter((action) => {
    const matches = (pattern: string) => matchesAction(pattern, action);
    return !isHarmless && actions.some(matches) && !exceptActions.some(matches);
  });
  const found = new Set(allowed);
  known.set(grant, found);
  return found;
}

/** Whether a grant of `iam:PassRole` lets its holder pass a role to one of some services. */
function passesTo({ conditions, exceptConditions = [] }: Grant, services: readonly string[]): boolean {
  return services.some((service) => {
    const holds = (condition: Condition) => holdsFor(condition, service);
    const isExcepted = exceptConditions.some((all) => all.every((condition) => holds(condition) === true));
    return !isExcepted && conditions.every((condition) => holds(condition) !== false);
  });
}

const comparesTexts = /^(?:For(?:Any|All)Values:)?String(Not)?(?:Equals|Like)/;

/** Whether a condition holds while a role is passed to a service; undefined if that does not decide it. */
function holdsFor({ operator, key, values }: Condition, service: string): boolean | undefined {
  const found = comparesTexts.exec(operator);
  if (found === null || key !== "iam:passedtoservice") return undefined;
  const isNegated = found[1] !== undefined;
  return values.some((value) => matchesAction(value, service)) !== isNegated;
}

const maxPaths = 2;

function formatPaths(paths: readonly EscalationPath[]): string {
  const named = paths
    .slice(0, maxPaths)
    .map(({ actions, source }) => `${actions.join(" with ")} (${source})`)
    .join(", ");
  const rest = paths.length - maxPaths;
  return describePaths(paths.length, `${named}${rest > 0 ? ` and ${rest} more` : ""}`);
}
