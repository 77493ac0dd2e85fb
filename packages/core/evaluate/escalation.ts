import { comparePolicies } from "@drift-guard/policy/compare";
import type { Condition } from "@drift-guard/policy/grant";
import type { Grant } from "../model/grant.ts";
import type { Role } from "../model/role.ts";
import { matchesAction } from "./action-pattern.ts";
import { type EscalationPath, escalationPaths } from "./escalation-paths.ts";

/** Grants that complete known paths of privilege escalation. */
interface Escalation {
  /** Those of the given grants that a completed path needs. */
  readonly grants: readonly Grant[];
  /** One sentence that names the paths, with their sources. */
  readonly detail: string;
}

/**
 * Prepares the check of whether grants of a role's policies complete known paths of privilege escalation, together with
 * everything that the role may do: its policies less their Denies, within its boundary. Only grants that `counts` accepts
 * count. The role is compared at most once.
 */
export function createEscalationCheck(
  role: Role,
  counts: (grant: Grant) => boolean = () => true,
): (grants: readonly Grant[]) => Escalation | undefined {
  let limits: readonly Limit[] | undefined;
  return (given) => {
    const grants = given.filter(counts);
    const candidates = escalationPaths.filter(({ actions }) =>
      actions.some((action) => grants.some((grant) => allows(grant, action))),
    );
    if (candidates.length === 0) return undefined;
    limits ??= [listAllowed(readTexts(role), counts), ...limitsOfBoundary(role)];
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
  const { excess, undecided } = comparePolicies(texts, [], { kind: "identity" });
  return { grants: excess.filter(counts), isWhole: undecided.length === 0 };
}

function readTexts({ attached, inline }: Role): readonly string[] {
  return [
    ...attached.flatMap(({ version }) => (version.observed ? [version.value.text] : [])),
    ...inline.map(({ text }) => text),
  ];
}

function limitsOfBoundary({ boundary }: Role): readonly Limit[] {
  const version = boundary.observed ? boundary.value?.version : undefined;
  return version?.observed ? [listAllowed([version.value.text], () => true)] : [];
}

function serves(grant: Grant, action: string, path: EscalationPath): boolean {
  return allows(grant, action) && (action !== "iam:PassRole" || passesTo(grant, path));
}

function allows({ actions, exceptActions = [], resources = [] }: Grant, action: string): boolean {
  const matches = (pattern: string) => matchesAction(pattern, action);
  if (!actions.some(matches) || exceptActions.some(matches)) return false;
  // Nobody can change the policies of AWS.
  return resources.length === 0 || !resources.every((resource) => /^arn:[\w-]+:iam::aws:/.test(resource));
}

/** Whether a grant of `iam:PassRole` lets its holder pass a role to a path's service. */
function passesTo({ conditions, exceptConditions = [] }: Grant, { passedTo }: EscalationPath): boolean {
  if (passedTo === undefined) return true;
  const names = ({ operator, key, values }: Condition) =>
    key === "iam:passedtoservice" && /^(?:ForAnyValue:)?String(?:Equals|Like)/.test(operator)
      ? values.some((value) => matchesAction(value, passedTo))
      : undefined;
  const isExcepted = exceptConditions.some((all) => all.every((condition) => names(condition) === true));
  return !isExcepted && conditions.every((condition) => names(condition) !== false);
}

const maxPaths = 2;

function formatPaths(paths: readonly EscalationPath[]): string {
  const named = paths
    .slice(0, maxPaths)
    .map(({ actions, source }) => `${actions.join(" with ")} (${source})`)
    .join(", ");
  const rest = paths.length - maxPaths;
  return `It completes ${paths.length === 1 ? "a known path" : "known paths"} of privilege escalation: ${named}${rest > 0 ? ` and ${rest} more` : ""}.`;
}
