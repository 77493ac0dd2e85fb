import { type DynamoDBClient, TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { TransactWriteCommand, type TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import type { RoleUse, RoleUser, UsageSubject } from "@drift-guard/core/batch/role-use";
import type { UsesByRole } from "@drift-guard/core/batch/uses";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import { type RoleKey, sameRoleName } from "@drift-guard/core/model/role";
import type { UsageStore } from "@drift-guard/core/ports";
import { encodeItem } from "@drift-guard/core/store/items";
import { findingKeys } from "@drift-guard/core/store/keys";
import { joinRecordedUses } from "@drift-guard/core/store/recorded-uses";
import {
  areRecorded,
  listUseKeys,
  planUsage,
  RoleUserItem,
  UsageItem,
  type UsageWrite,
} from "@drift-guard/core/store/stored-uses";
import {
  findItem,
  type Item,
  openTable,
  queryItems,
  readOrSkip,
  sortKeyOf,
  type Table,
  type TableOptions,
  toStoreError,
} from "./table.ts";

type Writes = NonNullable<TransactWriteCommandInput["TransactItems"]>;

// A transaction takes 100 items (docs/aws-facts.md, "DynamoDB, SQS and Lambda"); one is the subject's own item.
const maxRolesPerTransaction = 99;
const maxRecordAttempts = 6;

/**
 * Creates the usage store over the findings table: which compute environments and job definitions use which role. It
 * needs `dynamodb:Query`, `dynamodb:PutItem` and `dynamodb:DeleteItem`. Every call throws `StoreUnavailableError` if the
 * table fails. An item that cannot be read is left out, and `record` overwrites that of its subject. `record` repeats its decision, up to six times, if another writer changed the
 * subject's item first.
 */
export function createUsageStore(client: DynamoDBClient, options: TableOptions): UsageStore {
  const table = openTable(client, options.table, options.onUnreadable);
  return {
    usesOf: (role) => loadUses(table, role),
    record: (account, subject, uses) => recordUses(table, account, subject, uses),
    clean: (account, roles) => cleanUses(table, account, roles),
    async *users(account) {
      yield* await listUsers(table, account);
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
  return joinRecordedUses(
    mapItems(
      queryUsage(table, findingKeys.partition(role)),
      (item) => readOrSkip(table, item, UsageItem)?.uses ?? [],
    ),
  );
}

async function* mapItems<T>(items: AsyncIterable<Item>, read: (item: Item) => T): AsyncIterable<T> {
  for await (const item of items) yield read(item);
}

async function recordUses(
  table: Table,
  account: string,
  subject: UsageSubject,
  uses: UsesByRole,
): Promise<readonly string[]> {
  for (let attempt = 0; attempt < maxRecordAttempts; attempt += 1) {
    const found = await findItem(table, findingKeys.account(account), findingKeys.usage(subject));
    const before = found && readOrSkip(table, found, RoleUserItem);
    const planned = planUsage(before, subject, uses);
    const isForged =
      before !== undefined &&
      planned.write === undefined &&
      !areRecorded(before, uses, await loadStored(table, account, subject, uses));
    const { write, touched } = isForged ? planUsage(before, subject, uses, true) : planned;
    const isBroken = found !== undefined && before === undefined;
    if (!write && isBroken) await removeUser(table, account, subject);
    const isDone = !write || (await store(table, account, { version: before?.version, isBroken }, write));
    if (isDone && isForged)
      table.onUnreadable(`${findingKeys.account(account)} ${findingKeys.usage(subject)}`);
    if (isDone) return touched;
  }
  throw new StoreUnavailableError(
    `The roles that the ${subject.kind} ${subject.name} uses changed during all ${maxRecordAttempts} attempts to store ` +
      `them in the table ${table.name}. The next message or sweep stores them.`,
  );
}

/** Loads what is stored of the uses of each role; undefined where nothing is, or nothing that can be read. */
async function loadStored(
  table: Table,
  account: string,
  subject: UsageSubject,
  uses: UsesByRole,
): Promise<ReadonlyMap<string, readonly RoleUse[] | undefined>> {
  const sk = findingKeys.usage(subject);
  const stored = new Map<string, readonly RoleUse[] | undefined>();
  for (const name of uses.keys()) {
    const item = await findItem(table, findingKeys.partition({ account, name }), sk);
    stored.set(name, item && readOrSkip(table, item, UsageItem)?.uses);
  }
  return stored;
}

async function cleanUses(table: Table, account: string, roles: readonly string[]): Promise<void> {
  const users = await listUsers(table, account);
  const cleanRole = async (name: string) => {
    const known = listUseKeys(name, users);
    const pk = findingKeys.partition({ account, name });
    for await (const item of queryUsage(table, pk)) {
      const sk = sortKeyOf(item);
      if (known.has(sk)) continue;
      // Another writer may have recorded it since, and wrote its user in the same transaction.
      const user = await findItem(table, findingKeys.account(account), sk);
      const own = user && readOrSkip(table, user, RoleUserItem);
      if (own?.roles.some((each) => sameRoleName(each, name))) continue;
      await remove(table, { pk, sk });
      table.onUnreadable(`${pk} ${sk}`);
    }
  };
  await Promise.all(roles.map(cleanRole));
}

async function listUsers(table: Table, account: string): Promise<readonly RoleUser[]> {
  const users: RoleUser[] = [];
  for await (const item of queryUsage(table, findingKeys.account(account))) {
    const user = readOrSkip(table, item, RoleUserItem);
    if (user) users.push(user);
  }
  return users;
}

/**
 * Writes the change in one transaction, or in several of up to 100 items. Returns false if another writer changed the
 * subject's item first.
 */
async function store(
  table: Table,
  account: string,
  before: { readonly version: number | undefined; readonly isBroken: boolean },
  { item, puts, deletes }: UsageWrite,
): Promise<boolean> {
  const TableName = table.name;
  const sk = findingKeys.usage(item.subject);
  const pk = findingKeys.account(account);
  const roleKey = (name: string) => ({ pk: findingKeys.partition({ account, name }), sk });
  const writes: Writes = [
    ...puts.map(([name, uses]) => ({
      Put: { TableName, Item: { ...roleKey(name), ...encodeItem(UsageItem, { uses }) } },
    })),
    ...deletes.map((name) => ({ Delete: { TableName, Key: roleKey(name) } })),
  ];
  let { version } = before;
  do {
    const chunk = writes.splice(0, maxRolesPerTransaction);
    // An item that cannot be read is overwritten, whatever its version.
    const condition =
      version === undefined && before.isBroken
        ? {}
        : {
            ConditionExpression: version === undefined ? "attribute_not_exists(pk)" : "version = :version",
            ...(version !== undefined && { ExpressionAttributeValues: { ":version": version } }),
          };
    version = (version ?? 0) + 1;
    // Until the last transaction, the item also names the roles that are still to be cleared.
    const last = writes.length === 0;
    const own = last ? item : { ...item, roles: [...item.roles, ...deletes], digest: "unfinished" };
    const unused = last && item.roles.length === 0;
    const head = unused
      ? { Delete: { TableName, Key: { pk, sk }, ...condition } }
      : {
          Put: {
            TableName,
            Item: { pk, sk, ...encodeItem(RoleUserItem, { ...own, version }) },
            ...condition,
          },
        };
    try {
      await table.documents.send(new TransactWriteCommand({ TransactItems: [head, ...chunk] }));
    } catch (error) {
      if (isConflict(error)) return false;
      throw toStoreError(table, error, "dynamodb:PutItem and dynamodb:DeleteItem");
    }
  } while (writes.length > 0);
  return true;
}

async function removeUser(table: Table, account: string, subject: UsageSubject): Promise<void> {
  await remove(table, { pk: findingKeys.account(account), sk: findingKeys.usage(subject) });
}

async function remove(table: Table, Key: { readonly pk: string; readonly sk: string }): Promise<void> {
  try {
    await table.documents.send(
      new TransactWriteCommand({ TransactItems: [{ Delete: { TableName: table.name, Key } }] }),
    );
  } catch (error) {
    throw toStoreError(table, error, "dynamodb:DeleteItem");
  }
}

function isConflict(error: unknown): boolean {
  if (!(error instanceof TransactionCanceledException)) return false;
  const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
  return codes.includes("ConditionalCheckFailed") || codes.includes("TransactionConflict");
}
