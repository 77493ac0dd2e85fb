import { type DynamoDBClient, TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { TransactWriteCommand, type TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import type { RoleUse, UsageSubject } from "@drift-guard/core/batch/role-use";
import type { UsesByRole } from "@drift-guard/core/batch/uses";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { UsageStore } from "@drift-guard/core/ports";
import { findingKeys, schema } from "@drift-guard/core/store/keys";
import { planUsage, RoleUserItem, UsageItem, type UsageWrite } from "@drift-guard/core/store/usage-items";
import { findItem, type Item, openTable, queryItems, readItem, type Table, toStoreError } from "./table.ts";

type Writes = NonNullable<TransactWriteCommandInput["TransactItems"]>;

// DynamoDB takes 100 items in one transaction, the environment's or definition's own among them.
const mostRoles = 99;
const recordRounds = 6;

/** Keeps what uses which role in the findings table, which may be read and written by whoever keeps findings. */
export function createUsageStore(client: DynamoDBClient, options: { readonly table: string }): UsageStore {
  const table = openTable(client, options.table);
  return {
    usesOf: (role) => loadUses(table, role),
    record: (account, subject, uses) => recordUses(table, account, subject, uses),
    async *users(account) {
      for await (const item of queryUsage(table, findingKeys.account(account))) {
        yield readItem(table, item, RoleUserItem);
      }
    },
  };
}

function queryUsage(table: Table, pk: string): AsyncIterable<Item> {
  return queryItems(table, {
    KeyConditionExpression: "pk = :pk AND begins_with(sk, :usage)",
    ExpressionAttributeValues: { ":pk": pk, ":usage": findingKeys.anyUsage },
    ConsistentRead: true,
  });
}

async function loadUses(table: Table, role: RoleKey): Promise<readonly RoleUse[]> {
  const uses: RoleUse[] = [];
  for await (const item of queryUsage(table, findingKeys.partition(role))) {
    uses.push(...readItem(table, item, UsageItem).uses);
  }
  return uses;
}

async function recordUses(
  table: Table,
  account: string,
  subject: UsageSubject,
  uses: UsesByRole,
): Promise<readonly string[]> {
  for (let round = 0; round < recordRounds; round += 1) {
    const found = await findItem(table, findingKeys.account(account), findingKeys.usage(subject));
    const before = found ? readItem(table, found, RoleUserItem) : undefined;
    const { write, touched } = planUsage(before, subject, uses);
    if (!write || (await store(table, account, before, write))) return touched;
  }
  throw new StoreUnavailableError(
    `What uses roles of ${subject.kind} ${subject.name} changed at each of ${recordRounds} tries to store it in the ` +
      `table ${table.name}. It is tried again with the next message.`,
  );
}

/** Writes the change, whole as far as one transaction holds it; false where somebody else came first. */
async function store(
  table: Table,
  account: string,
  before: RoleUserItem | undefined,
  { item, puts, deletes }: UsageWrite,
): Promise<boolean> {
  const TableName = table.name;
  const sk = findingKeys.usage(item.subject);
  const pk = findingKeys.account(account);
  const roleKey = (name: string) => ({ pk: findingKeys.partition({ account, name }), sk });
  const writes: Writes = [
    ...puts.map(([name, uses]) => ({ Put: { TableName, Item: { ...roleKey(name), schema, uses } } })),
    ...deletes.map((name) => ({ Delete: { TableName, Key: roleKey(name) } })),
  ];
  let version = before?.version;
  do {
    const some = writes.splice(0, mostRoles);
    const condition = {
      ConditionExpression: version === undefined ? "attribute_not_exists(pk)" : "version = :version",
      ...(version !== undefined && { ExpressionAttributeValues: { ":version": version } }),
    };
    version = (version ?? 0) + 1;
    // Until the last role is written it names every role it may have left something with.
    const last = writes.length === 0;
    const own = last ? item : { ...item, roles: [...item.roles, ...deletes], digest: "unfinished" };
    const gone = last && item.roles.length === 0;
    const head = gone
      ? { Delete: { TableName, Key: { pk, sk }, ...condition } }
      : { Put: { TableName, Item: { pk, sk, schema, ...own, version }, ...condition } };
    try {
      await table.documents.send(new TransactWriteCommand({ TransactItems: [head, ...some] }));
    } catch (error) {
      if (isLost(error)) return false;
      throw toStoreError(table, error, "dynamodb:PutItem and dynamodb:DeleteItem");
    }
  } while (writes.length > 0);
  return true;
}

function isLost(error: unknown): boolean {
  if (!(error instanceof TransactionCanceledException)) return false;
  const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
  return codes.includes("ConditionalCheckFailed") || codes.includes("TransactionConflict");
}
