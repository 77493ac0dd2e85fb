import { isDeepStrictEqual } from "node:util";
import { TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { TransactWriteCommand, type TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import { LedgerConflictError, StoreUnavailableError } from "@drift-guard/core/errors";
import type { Ledger } from "@drift-guard/core/model/ledger";
import type { Commit, Sink } from "@drift-guard/core/ports";
import { findingKeys } from "@drift-guard/core/store/keys";
import { findingItem, ledgerItem, transitionItem } from "./findings-items.ts";
import { type Item, sortKeyOf, type Table, toStoreError } from "./table.ts";

// A transaction takes 100 items and 4 MB (docs/aws-facts.md, "DynamoDB, SQS and Lambda"); one is the ledger's own item.
const chunkLimits = { items: 99, bytes: 3_500_000 };

type Write =
  | { readonly kind: "put"; readonly item: Item }
  | { readonly kind: "insert"; readonly item: Item }
  | { readonly kind: "delete"; readonly key: Item };

/**
 * Writes the change of a ledger (`dynamodb:TransactWriteItems`) and returns the stored ledger. Each transaction raises the
 * version by one. Throws `LedgerConflictError` if the stored version differs from the loaded one, and
 * `StoreUnavailableError` if DynamoDB fails.
 */
export async function commitLedger(table: Table, commit: Commit, sinks: readonly Sink[]): Promise<Ledger> {
  const { role } = commit.before;
  let version = commit.before.version;
  for (const writes of packChunks(listWrites(commit, sinks))) {
    await writeChunk(table, commit, version, writes);
    version += 1;
  }
  return { role, version, findings: commit.after.findings };
}

/** Returns the writes in groups that stay in one transaction: a finding together with its new transitions. */
function listWrites(
  { before, after, transitions }: Commit,
  sinks: readonly Sink[],
): readonly (readonly Write[])[] {
  const pk = findingKeys.partition(before.role);
  const groups: Write[][] = [];
  const oldFindings = new Map(before.findings.map((finding) => [finding.id, finding]));
  const newTransitions = Map.groupBy(transitions, ({ finding }) => finding.id);
  for (const finding of after.findings) {
    const group: Write[] = (newTransitions.get(finding.id) ?? []).map((transition) => ({
      kind: "insert",
      item: transitionItem(transition, sinks),
    }));
    if (!isDeepStrictEqual(oldFindings.get(finding.id), finding)) {
      group.unshift({ kind: "put", item: findingItem(finding) });
    }
    if (group.length > 0) groups.push(group);
    oldFindings.delete(finding.id);
    newTransitions.delete(finding.id);
  }
  for (const rest of newTransitions.values()) {
    groups.push(rest.map((transition) => ({ kind: "insert", item: transitionItem(transition, sinks) })));
  }
  for (const id of oldFindings.keys())
    groups.push([{ kind: "delete", key: { pk, sk: findingKeys.finding(id) } }]);
  return groups;
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

async function writeChunk(
  table: Table,
  { before }: Commit,
  version: number,
  writes: readonly Write[],
): Promise<void> {
  const TableName = table.name;
  const items: NonNullable<TransactWriteCommandInput["TransactItems"]> = [
    {
      Put: {
        TableName,
        Item: ledgerItem(before.role, version + 1),
        ConditionExpression: version === 0 ? "attribute_not_exists(pk)" : "version = :version",
        ...(version > 0 && { ExpressionAttributeValues: { ":version": version } }),
      },
    },
    ...writes.map((write) => transactionItem(TableName, write)),
  ];
  try {
    // The SDK adds a client request token, so that its retry after a lost answer does not conflict with itself.
    await table.documents.send(new TransactWriteCommand({ TransactItems: items }));
  } catch (error) {
    throw explainCancellation(table, before, writes, error);
  }
}

function transactionItem(TableName: string, write: Write) {
  switch (write.kind) {
    case "put":
      return { Put: { TableName, Item: write.item } };
    case "insert":
      return { Put: { TableName, Item: write.item, ConditionExpression: "attribute_not_exists(pk)" } };
    case "delete":
      return { Delete: { TableName, Key: write.key } };
  }
}

function explainCancellation(
  table: Table,
  before: Ledger,
  writes: readonly Write[],
  error: unknown,
): LedgerConflictError | StoreUnavailableError {
  const ledger = `The ledger of ${before.role.name} in the table ${table.name}`;
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
  const reasons = (error.CancellationReasons ?? []).flatMap(({ Code, Message }, index) => {
    if (Code === undefined || Code === "None") return [];
    const write = writes[index - 1];
    const key =
      write === undefined
        ? findingKeys.ledger()
        : sortKeyOf(write.kind === "delete" ? write.key : write.item);
    return [`${key}: ${Code}${Message ? ` (${Message})` : ""}`];
  });
  return new StoreUnavailableError(
    `${ledger} was not written, and nothing of this transaction is stored. DynamoDB refused ${reasons.join("; ")}.`,
    { cause: error },
  );
}
