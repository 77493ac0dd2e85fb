import type { PolicyDocument } from "../model/document.ts";
import { isArn, type Pattern } from "../pattern/pattern.ts";
import type { CompiledSide } from "./side.ts";
import type { CompiledStatement } from "./statement.ts";

/** Whether actions of a service may accept an ARN with a service segment, such as `kms` and `secretsmanager`. */
export type AcceptsArn = (actionService: string, arnService: string) => boolean;

/** A side by pairs of action and resource: those that some AWS service accepts, and those that none does. */
export interface PairSplit {
  readonly possible: CompiledSide;
  /** Statements of which no pair is accepted; they allow and deny nothing. */
  readonly impossible: Pick<CompiledSide, "allows" | "denies">;
}

/**
 * Splits the statements of a side into their possible and impossible pairs of action and resource. A pair is impossible
 * if the service of the action and the service segment of the ARN are fixed texts and `accepts` refuses them: a wildcard
 * in either, NotAction, NotResource and a statement without Resource leave every pair possible.
 */
export function splitPairs(side: CompiledSide, accepts: AcceptsArn): PairSplit {
  const splits = side.statements.map((statement) => splitStatement(statement, accepts));
  if (splits.every(({ impossible }) => impossible.length === 0)) {
    return { possible: side, impossible: { allows: [], denies: [] } };
  }
  const statements = splits.flatMap(({ possible }) => possible);
  const dropped = side.statements.filter((_, place) => splits[place]?.possible.length === 0);
  return {
    possible: {
      ...side,
      ...byEffect(statements),
      statements,
      documents: side.documents.map((document, number) => emptyStatements(document, number, dropped)),
    },
    impossible: byEffect(splits.flatMap(({ impossible }) => impossible)),
  };
}

interface StatementSplit {
  readonly possible: readonly CompiledStatement[];
  readonly impossible: readonly CompiledStatement[];
}

function splitStatement(statement: CompiledStatement, accepts: AcceptsArn): StatementSplit {
  const { actions, resources } = statement;
  const blocks =
    !resources || actions.negated || resources.negated
      ? undefined
      : splitBlock(actions.entries.map(nameAction), resources.entries.map(nameArn), accepts);
  if (!blocks) return { possible: [statement], impossible: [] };
  const makeStatement = (block: PairBlock<Pattern, Pattern>, index: number): CompiledStatement => ({
    ...statement,
    actions: { negated: false, entries: block.actions },
    resources: { negated: false, entries: block.resources },
    // Equal lines mean equal statements, and equal statements have equal blocks.
    line: `${statement.line} ${index}`,
  });
  return {
    possible: blocks.filter(({ accepted }) => accepted).map(makeStatement),
    impossible: blocks.filter(({ accepted }) => !accepted).map(makeStatement),
  };
}

/** Actions × resources of which services accept either every pair or none. */
export interface PairBlock<Action, Resource> {
  readonly accepted: boolean;
  readonly actions: readonly Action[];
  readonly resources: readonly Resource[];
}

/** An action or a resource with the name of its service; undefined if a wildcard stands there. */
export interface Named<Item> {
  readonly item: Item;
  readonly service: string | undefined;
}

// IAM's longest policies stay far below it. A larger block stays whole, as if every pair were possible.
const maxCells = 20_000;

/** Splits actions × resources into blocks by what is accepted; undefined if every pair may be. */
export function splitBlock<Action, Resource>(
  actions: readonly Named<Action>[],
  resources: readonly Named<Resource>[],
  accepts: AcceptsArn,
): readonly PairBlock<Action, Resource>[] | undefined {
  const arnServices = [...new Set(resources.map(({ service }) => service))];
  const actionServices = [...new Set(actions.map(({ service }) => service))];
  const isAccepted = (action: string | undefined, arn: string | undefined) =>
    action === undefined || arn === undefined || accepts(action, arn);
  if (actionServices.length * resources.length > maxCells) return undefined;
  if (actionServices.every((action) => arnServices.every((arn) => isAccepted(action, arn)))) return undefined;
  // Actions that accept the same resources stay together.
  const groups = Map.groupBy(actions, ({ service }) =>
    arnServices.filter((arn) => isAccepted(service, arn)).join(),
  );
  return [...groups.values()].flatMap((group) =>
    [true, false].flatMap((accepted) => {
      const rest = resources.filter((one) => isAccepted(group[0]?.service, one.service) === accepted);
      const items = { actions: group.map(({ item }) => item), resources: rest.map(({ item }) => item) };
      return rest.length === 0 ? [] : [{ accepted, ...items }];
    }),
  );
}

function nameAction(item: Pattern): Named<Pattern> {
  const head = item.ends[0]?.head ?? "";
  return { item, service: head.includes(":") ? head.slice(0, head.indexOf(":")) : undefined };
}

function nameArn(item: Pattern): Named<Pattern> {
  const segment = isArn(item) ? item.ends[2] : undefined;
  return { item, service: segment?.exact ? segment.head : undefined };
}

function byEffect(statements: readonly CompiledStatement[]): Pick<CompiledSide, "allows" | "denies"> {
  return {
    allows: statements.filter(({ source }) => source.effect === "Allow"),
    denies: statements.filter(({ source }) => source.effect === "Deny"),
  };
}

/** Empties those statements of a document that are among `dropped`. The others keep their places. */
function emptyStatements(
  document: PolicyDocument,
  number: number,
  dropped: readonly CompiledStatement[],
): PolicyDocument {
  const places = new Set(dropped.filter((one) => one.document === number).map(({ index }) => index));
  if (places.size === 0) return document;
  const nothing = { negated: false, entries: [] };
  return {
    ...document,
    statements: document.statements.map((statement, place) =>
      places.has(place) ? { ...statement, actions: nothing } : statement,
    ),
  };
}
