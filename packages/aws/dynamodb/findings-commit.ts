import { isDeepStrictEqual } from "node:util";
import { TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { TransactWriteCommand, type TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import { LedgerConflictError, StoreUnavailableError } from "@drift-guard/core/errors";
import type { Finding } from "@drift-guard/core/model/finding";
import type { Ledger } from "@drift-guard/core/model/ledger";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { Transition } from "@drift-guard/core/model/transition";
import type { Commit, Sink } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import type { IndexedFinding } from "@drift-guard/core/store/ledger-index";
import { indexEntryOf } from "@drift-guard/core/store/ledger-items";
import { findUsedNumbers } from "@drift-guard/core/store/transition-numbers";
import { findingItem, type ItemKey, ledgerItem, transitionItem } from "./findings-items.ts";
import { type Item, queryItems, sortKeyOf, type Table, toStoreError } from "./table.ts";

// A transaction takes 100 items and 4 MB (docs/aws-facts.md, "DynamoDB, SQS and Lambda"); one is the ledger's own item.
// The index of its findings takes up to 300 KB of the bytes.
const chunkLimits = { items: 99, bytes: 3_200_000 };

type Write =
  | { readonly kind: "put"; readonly finding: Finding }
  | { readonly kind: "insert"; readonly transition: Transition }
  | { readonly kind: "delete"; readonly sk: string };

/**
 * Writes the change of a ledger (`dynamodb:TransactWriteItems`) and returns the stored ledger. Each transaction raises the
 * version by one. Throws `LedgerConflictError` if the stored version differs from the loaded one or if the number of a
 * transition is taken, and `StoreUnavailableError` if DynamoDB fails.
 */
export async function commitLedger(table: Table, commit: Commit, sinks: readonly Sink[]): Promise<Ledger> {
  const { before, after } = commit;
  const { role } = before;
  const indexed = new Map(before.findings.map((finding) => [finding.id, indexEntryOf(finding)]));
  let { version } = before;
  let header = conditionOn(before);
  for (const writes of packChunks(listWrites(commit))) {
    updateIndex(indexed, writes);
    const items = { role, version: version + 1, indexed: [...indexed.values()], writes, sinks };
    await writeChunk(table, before, header, items);
    version += 1;
    header = conditionOn({ version });
  }
  return { role, version, findings: after.findings };
}

/** Returns the writes in groups that stay in one transaction: a finding together with its new transitions. */
function listWrites({ before, after, transitions }: Commit): readonly (readonly Write[])[] {
  const groups: Write[][] = [];
  const oldFindings = new Map(before.findings.map((finding) => [finding.id, finding]));
  const newTransitions = Map.groupBy(transitions, ({ finding }) => finding.id);
  const isRewritten = before.outdated === true || before.forged !== undefined;
  const forged = new Set(before.forged);
  forged.delete(findingKeys.ledger());
  for (const finding of after.findings) {
    const group: Write[] = (newTransitions.get(finding.id) ?? []).map(insert);
    if (isRewritten || !isDeepStrictEqual(oldFindings.get(finding.id), finding)) {
      group.unshift({ kind: "put", finding });
    }
    if (group.length > 0) groups.push(group);
    oldFindings.delete(finding.id);
    newTransitions.delete(finding.id);
    forged.delete(findingKeys.finding(finding.id));
  }
  for (const rest of newTransitions.values()) groups.push(rest.map(insert));
  const gone = new Set([...[...oldFindings.keys()].map(findingKeys.finding), ...forged]);
  for (const sk of gone) groups.push([{ kind: "delete", sk }]);
  return groups;
}

function insert(transition: Transition): Write {
  return { kind: "insert", transition };
}

function updateIndex(indexed: Map<string, IndexedFinding>, writes: readonly Write[]): void {
  for (const write of writes) {
    if (write.kind === "put") indexed.set(write.finding.id, indexEntryOf(write.finding));
    if (write.kind === "delete") indexed.delete(write.sk.slice(findingKeys.finding("").length));
  }
}

/** Packs groups into as few transactions as possible, in order. Returns at least one: every commit raises the version. */
function packChunks(groups: readonly (readonly Write[])[]): readonly (readonly Write[])[] {
  const chunks: Write[][] = [[]];
  let bytes = 0;
  for (const group of groups) {
    const size = Buffer.byteLength(JSON.stringify(group));
    const last = chunks.at(-1) ?? [];
    const fits = last.length + group.length <= chunkLimits.items && bytes + size <= chunkLimits.bytes;
    if (last.length > 0 && !fits) {
      chunks.push([...group]);
      bytes = size;
    } else {
      last.push(...group);
      bytes += size;
    }
  }
  return chunks;
}

interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
}

/** Returns the condition under which a stored ledger is the one that was loaded. */
function conditionOn({ version, forged }: Pick<Ledger, "version" | "forged">): Condition {
  if (forged?.includes(findingKeys.ledger())) {
    // Its version is not known for sure. Another process that repairs it writes this next version too.
    return {
      ConditionExpression: "attribute_not_exists(version) OR version <> :next",
      ExpressionAttributeValues: { ":next": version + 1 },
    };
  }
  if (version === 0) return { ConditionExpression: "attribute_not_exists(pk)" };
  return { ConditionExpression: "version = :version", ExpressionAttributeValues: { ":version": version } };
}

interface Chunk {
  readonly role: RoleKey;
  /** The ledger's version after the transaction. */
  readonly version: number;
  readonly indexed: readonly IndexedFinding[];
  readonly writes: readonly Write[];
  readonly sinks: readonly Sink[];
}

async function writeChunk(table: Table, before: Ledger, condition: Condition, chunk: Chunk): Promise<void> {
  const { role, version, indexed, writes } = chunk;
  const Put = { TableName: table.name, Item: ledgerItem(role, version, indexed), ...condition };
  const items: NonNullable<TransactWriteCommandInput["TransactItems"]> = [
    { Put },
    ...writes.map((write) => transactionItem(table.name, write, chunk)),
  ];
  try {
    // The SDK adds a client request token, so that its retry after a lost answer does not conflict with itself.
    await table.documents.send(new TransactWriteCommand({ TransactItems: items }));
  } catch (error) {
    throw await explainCancellation(table, before, chunk, error);
  }
}

function transactionItem(TableName: string, write: Write, chunk: Chunk) {
  switch (write.kind) {
    case "put":
      return { Put: { TableName, Item: findingItem(chunk.role, write.finding, chunk.version) } };
    case "insert": {
      const Item = transitionItem(write.transition, chunk.sinks);
      return { Put: { TableName, Item, ConditionExpression: "attribute_not_exists(pk)" } };
    }
    case "delete":
      return { Delete: { TableName, Key: keyOf(write, chunk.role) } };
  }
}

function keyOf(write: Write, role: RoleKey): ItemKey {
  const pk = findingKeys.partition(role);
  switch (write.kind) {
    case "put":
      return { pk, sk: findingKeys.finding(write.finding.id) };
    case "insert":
      return { pk, sk: findingKeys.transition(write.transition.finding.id, write.transition.finding.seq) };
    case "delete":
      return { pk, sk: write.sk };
  }
}

async function explainCancellation(
  table: Table,
  before: Ledger,
  { role, writes }: Chunk,
  error: unknown,
): Promise<LedgerConflictError | StoreUnavailableError> {
  const ledger = `The ledger of ${role.name} in the table ${table.name}`;
  if (!(error instanceof TransactionCanceledException)) {
    return toStoreError(table, error, "dynamodb:PutItem and dynamodb:DeleteItem");
  }
  const [version, ...rest] = (error.CancellationReasons ?? []).map(({ Code }) => Code);
  if (version === "ConditionalCheckFailed" || [version, ...rest].includes("TransactionConflict")) {
    return new LedgerConflictError(
      `${ledger} was at version ${before.version} when it was loaded and has changed since. Load it again and repeat the decision.`,
      { cause: error },
    );
  }
  const taken = writes.flatMap((write, index) =>
    write.kind === "insert" && rest[index] === "ConditionalCheckFailed" ? [write.transition] : [],
  );
  if (taken.length > 0) {
    const wanted = writes.flatMap((write) => (write.kind === "insert" ? [write.transition.finding] : []));
    const usedNumbers = new Map<string, number>();
    for (const { finding } of taken) {
      const count = wanted.filter(({ id }) => id === finding.id).length;
      const keys = await readTransitionKeys(table, role, finding.id);
      usedNumbers.set(finding.id, findUsedNumbers(finding.id, keys, count));
    }
    return new LedgerConflictError(
      `${ledger} has lost the numbers of its transitions: ${taken.map(({ id }) => id).join(", ")} is stored already. Load it again, and number them after those that are stored.`,
      { cause: error, usedNumbers },
    );
  }
  const reasons = (error.CancellationReasons ?? []).flatMap(({ Code, Message }, index) => {
    if (Code === undefined || Code === "None") return [];
    const write = writes[index - 1];
    const key = write === undefined ? findingKeys.ledger() : keyOf(write, role).sk;
    return [`${key}: ${Code}${Message ? ` (${Message})` : ""}`];
  });
  return new StoreUnavailableError(
    `${ledger} was not written, and nothing of this transaction is stored. DynamoDB refused ${reasons.join("; ")}.`,
    { cause: error },
  );
}

async function readTransitionKeys(
  table: Table,
  role: RoleKey,
  findingId: string,
): Promise<readonly string[]> {
  const keys: string[] = [];
  const items: AsyncIterable<Item> = queryItems(table, {
    KeyConditionExpression: "pk = :pk AND begins_with(sk, :transition)",
    ExpressionAttributeValues: {
      ":pk": findingKeys.partition(role),
      ":transition": findingKeys.transitions(findingId),
    },
    ProjectionExpression: "sk",
    ConsistentRead: true,
  });
  for await (const item of items) keys.push(sortKeyOf(item));
  return keys;
}
