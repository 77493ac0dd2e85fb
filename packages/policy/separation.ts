import { listAssignments } from "./assignment.ts";
import { type Budget, BudgetError, spend } from "./budget.ts";
import { type Cell, missesCell, type PlacedStatement } from "./cell.ts";
import type { KeyValue } from "./domain.ts";
import type { PolicyRequest } from "./grant.ts";
import { fillCell, fillStatement } from "./instance.ts";
import type { Player } from "./player.ts";
import {
  type Bearing,
  type Reach,
  reachActions,
  reachNone,
  reachPrincipals,
  reachResources,
} from "./reach.ts";
import { type Assignment, type Satisfaction, satisfy } from "./satisfaction.ts";
import type { CompiledStatement } from "./statement.ts";
import type { CellVerdict, Subtraction } from "./subtraction.ts";

/**
 * Decides cells by meaning: seeks an action, a resource, a principal and a context that the giving side gives and the
 * other side does not take away.
 */
export function makeSeparator(
  { heldBack, takes, spares }: Subtraction,
  partition: string,
  budget: Budget,
): (cell: Cell, from: PlacedStatement) => CellVerdict {
  const players: readonly Player[] = [
    ...heldBack.map(({ statement }) => ({ statement, role: "heldBack" as const })),
    ...takes.map(({ statement }) => ({ statement, role: "takes" as const })),
    ...spares.map(({ statement }) => ({ statement, role: "spares" as const })),
  ];
  // What it costs to see which statements bear on a cell: their resources and principals are gone through.
  const weight = players.reduce(
    (sum, { statement: { resources, principals } }) =>
      sum + 16 + (resources?.entries.length ?? 0) + (principals?.entries.length ?? 0),
    0,
  );
  return (cell, { statement }) => {
    if (statement.doubt !== undefined) {
      return {
        kind: "undecided",
        code: "unsupported",
        message: `A statement is unclear: ${statement.doubt}.`,
      };
    }
    try {
      return decideCell(cell, statement, players, weight, partition, budget);
    } catch (error) {
      if (!(error instanceof BudgetError)) throw error;
      return {
        kind: "undecided",
        code: "budget",
        message: `At ${cell.action.selector.written}, ${error.message}.`,
      };
    }
  };
}

function decideCell(
  cell: Cell,
  from: CompiledStatement,
  players: readonly Player[],
  weight: number,
  partition: string,
  budget: Budget,
): CellVerdict {
  spend(budget, weight >> 6);
  const near = players.filter(({ statement }) => !missesCell(statement, cell));
  const { list, complete } = listAssignments(cell, from, near, budget);
  const actions = reachActions(
    cell.action,
    bearOn(near, ({ actions }) => actions),
    budget,
  );
  const onPrincipals = bearOn(near, ({ principals }) => principals);
  const principals = cell.principal
    ? reachPrincipals(cell.principal, onPrincipals, partition, budget)
    : [reachNone(onPrincipals)];
  let doubt: string | undefined = complete
    ? undefined
    : "Its policy variables can meet the other side's patterns in too many ways.";
  for (const assignment of list) {
    const verdict = decideInstance(cell, from, near, { actions, principals }, assignment, budget);
    if (verdict.kind === "left") return verdict;
    if (verdict.kind === "undecided") doubt = verdict.message;
  }
  return doubt === undefined
    ? { kind: "covered" }
    : { kind: "undecided", code: "unsupported", message: doubt };
}

function bearOn<Selector>(
  players: readonly Player[],
  pick: (statement: CompiledStatement) => Bearing<Selector>["clause"],
): readonly Bearing<Selector>[] {
  return players.map(({ statement, role }) => ({ clause: pick(statement), wanted: role === "spares" }));
}

/** What does not hang on the values of policy variables. */
interface FixedReach {
  readonly actions: readonly Reach<string>[];
  readonly principals: readonly Reach<PolicyRequest["principal"]>[];
}

function decideInstance(
  cell: Cell,
  from: CompiledStatement,
  near: readonly Player[],
  { actions, principals }: FixedReach,
  assignment: Assignment,
  budget: Budget,
): CellVerdict {
  if (assignment.size > 0) {
    spend(
      budget,
      near.reduce((sum, { statement }) => sum + (statement.resources?.entries.length ?? 0), 8),
    );
  }
  const filled = fillCell(cell, assignment);
  if (filled === undefined) return { kind: "covered" };
  const giver = assignment.size === 0 ? from : fillStatement(from, assignment);
  const players = near.map((player) =>
    assignment.size === 0 ? player : { ...player, statement: fillStatement(player.statement, assignment) },
  );
  const onResources = bearOn(players, ({ resources }) => resources);
  const resources = filled.resource
    ? reachResources(filled.resource, onResources, budget)
    : [reachNone(onResources)];
  const known = new Map<bigint, Satisfaction>();
  let doubt: string | undefined;
  for (const who of principals) {
    for (const what of actions) {
      for (const where of resources) {
        spend(budget);
        const live = who.reached & what.reached & where.reached;
        const answer = known.get(live) ?? seekContext(giver, players, live, assignment, budget);
        known.set(live, answer);
        if (answer.kind === "unclear") doubt = answer.message;
        if (answer.kind !== "reached") continue;
        return {
          kind: "left",
          example: makeRequest(what.value, where.value, who.value, answer.context, cell),
        };
      }
    }
  }
  return doubt === undefined
    ? { kind: "covered" }
    : { kind: "undecided", code: "unsupported", message: doubt };
}

/** Seeks a context in which the giver gives, nothing holds it back, and nothing takes it or something spares it. */
function seekContext(
  giver: CompiledStatement,
  players: readonly Player[],
  live: bigint,
  assignment: Assignment,
  budget: Budget,
): Satisfaction {
  const pick = (role: Player["role"]) =>
    players.flatMap((player, index) =>
      player.role === role && (live >> BigInt(index)) & 1n ? [player.statement] : [],
    );
  const [heldBack, takes, spares] = [pick("heldBack"), pick("takes"), pick("spares")];
  const goals = [
    { held: [giver], failed: [...heldBack, ...takes] },
    ...spares.map((spare) => ({ held: [giver, spare], failed: heldBack })),
  ];
  let unclear: Satisfaction | undefined;
  for (const { held, failed } of goals) {
    // An unclear statement is left out, which can only show too much: then it was not certain.
    const clear = { held: held.filter(({ doubt }) => !doubt), failed: failed.filter(({ doubt }) => !doubt) };
    const answer = satisfy(clear, assignment, budget);
    const doubtful = [...held, ...failed].find(({ doubt }) => doubt !== undefined);
    if (answer.kind === "reached" && doubtful === undefined) return answer;
    if (answer.kind === "reached")
      unclear = { kind: "unclear", message: `A statement is unclear: ${doubtful?.doubt}.` };
    if (answer.kind === "unclear") unclear = answer;
  }
  return unclear ?? { kind: "impossible" };
}

function makeRequest(
  action: string,
  resource: string | undefined,
  principal: PolicyRequest["principal"],
  context: ReadonlyMap<string, KeyValue>,
  cell: Cell,
): PolicyRequest {
  const { written } = cell.action.selector;
  const values = [...context].flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  return {
    ...(principal && { principal }),
    action: written.toLowerCase() === action ? written : action,
    ...(resource !== undefined && { resource: resource === "*:*:*:*:*:*" ? "*" : resource }),
    context: Object.fromEntries(values),
  };
}
