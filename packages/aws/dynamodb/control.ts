import { setTimeout as pause } from "node:timers/promises";
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  TransactionCanceledException,
} from "@aws-sdk/client-dynamodb";
import { PutCommand, TransactWriteCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { ControlConflictError, StoreUnavailableError } from "@drift-guard/core/errors";
import type { Control, Decision } from "@drift-guard/core/model/control";
import type { Instant } from "@drift-guard/core/model/instant";
import { ObservingPhase } from "@drift-guard/core/model/observing";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { ControlCommit, ControlStore, RestoringPermit } from "@drift-guard/core/ports";
import {
  assembleControl,
  hourOf,
  listControlWrites,
  listNewCalls,
  type OwnCall,
  writeDecision,
} from "@drift-guard/core/store/control-items";
import { encodeItem, OwnCallItem } from "@drift-guard/core/store/items";
import { controlKeys, schema } from "@drift-guard/core/store/keys";
import * as z from "zod";
import {
  findItem,
  type Item,
  openTable,
  queryItems,
  readItem,
  sortKeyOf,
  type Table,
  toStoreError,
} from "./table.ts";
import { saveVersioned } from "./versioned-item.ts";

// DynamoDB cancels one of two concurrent transactions on the same item, although neither changed its version.
const maxConflictRetries = 6;

/** How long items are kept that no decision needs for long, in days. */
const retentionDays = { ownCalls: 400, restoring: 7, decisions: 30 };

/**
 * Creates the control store over the control table. `load`, `hasRestoringLeft` and `ownCall` need `dynamodb:Query`, `commit` needs
 * `dynamodb:PutItem` and `dynamodb:DeleteItem`, `decide` and `saveObserving` need `dynamodb:PutItem`, `spendRestoring` needs
 * `dynamodb:UpdateItem`. Every call throws `StoreUnavailableError` if the table fails. `load` leaves out an unreadable item
 * and names it in `unreadable`, so that no role is written on incomplete control data.
 */
export function createControlStore(
  client: DynamoDBClient,
  options: { readonly table: string },
): ControlStore {
  const table = openTable(client, options.table);
  return {
    load: (role) => loadControl(table, role),
    commit: (commit) => commitControl(table, commit),
    saveObserving: (account, phase) =>
      saveVersioned(
        table,
        { pk: controlKeys.account(account), sk: controlKeys.observing },
        ObservingPhase,
        phase,
      ),
    decide: (role, decision) => decide(table, role, decision),
    spendRestoring: (account, rollbackId, now, limit) =>
      spendRestoring(table, account, rollbackId, now, limit),
    hasRestoringLeft: async (account, now, limit) => {
      const key = controlKeys.restoring(hourOf(now));
      const item = await findItem(table, controlKeys.account(account), key);
      return item === undefined ? limit > 0 : readItem(table, item, RestoredSet).rollbacks.size < limit;
    },
    ownCall: async (account, requestId) =>
      (await findItem(table, controlKeys.account(account), controlKeys.ownCall(requestId))) !== undefined,
  };
}

// A load starts again if another commit changed the record between its calls; after this many attempts it fails.
const maxLoadAttempts = 5;

async function loadControl(table: Table, role: RoleKey): Promise<Control> {
  for (let attempt = 0; attempt < maxLoadAttempts; attempt += 1) {
    // A query is not a snapshot. The version is read before the items and again with them: old items under a new version
    // would pass the commit's condition.
    const header = await findItem(table, controlKeys.partition(role), controlKeys.control);
    const control = await readControl(table, role);
    if (header === undefined ? control.version === 0 : header.version === control.version) return control;
    // The version itself cannot be read.
    if (control.version === 0 && control.unreadable !== undefined) return control;
  }
  throw new StoreUnavailableError(
    `The control record of ${role.name} in the table ${table.name} changed during all ${maxLoadAttempts} attempts to load it. ` +
      "The next message loads it again.",
  );
}

async function readControl(table: Table, role: RoleKey): Promise<Control> {
  const account = controlKeys.account(role.account);
  const [accountPause, observing, items] = await Promise.all([
    findItem(table, account, controlKeys.pause),
    findItem(table, account, controlKeys.observing),
    queryRecord(table, role),
  ]);
  const ofAccount = [accountPause, observing].filter((item) => item !== undefined);
  const stored = [...items, ...ofAccount].map((item) => ({
    key: sortKeyOf(item),
    read: <T>(shape: z.ZodType<T>) => readItem(table, item, shape),
  }));
  return assembleControl(role, stored, (error) => error instanceof StoreUnavailableError);
}

async function queryRecord(table: Table, role: RoleKey): Promise<readonly Item[]> {
  const items: Item[] = [];
  const query = queryItems(table, {
    KeyConditionExpression: "pk = :pk",
    ExpressionAttributeValues: { ":pk": controlKeys.partition(role) },
    ConsistentRead: true,
  });
  for await (const item of query) items.push(item);
  return items;
}

async function commitControl(table: Table, commit: ControlCommit): Promise<Control> {
  const { before, after } = commit;
  for (let attempt = 1; ; attempt += 1) {
    try {
      // The SDK adds a client request token, so that its retry after a lost answer does not conflict with itself.
      await table.documents.send(new TransactWriteCommand({ TransactItems: listTransaction(table, commit) }));
      return { ...after, version: before.version + 1 };
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) {
        throw toStoreError(table, error, "dynamodb:PutItem and dynamodb:DeleteItem");
      }
      const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
      if (codes.includes("TransactionConflict") && attempt < maxConflictRetries) {
        await pause(20 * 2 ** attempt * Math.random());
        continue;
      }
      if (codes[0] === "ConditionalCheckFailed" || codes.includes("TransactionConflict")) {
        throw new ControlConflictError(
          `The control record of ${before.role.name} in the table ${table.name} was at version ${before.version} when it was loaded and has changed since. Load it again and repeat the decision.`,
          { cause: error },
        );
      }
      throw new StoreUnavailableError(
        `The control record of ${before.role.name} in the table ${table.name} was not written. DynamoDB refused the transaction: ${error.message}`,
        { cause: error },
      );
    }
  }
}

function listTransaction(table: Table, { before, after }: ControlCommit) {
  const TableName = table.name;
  const pk = controlKeys.partition(before.role);
  const writes = listControlWrites(before, after).map((write) => {
    if (write.kind === "delete") return { Delete: { TableName, Key: { pk, sk: write.key } } };
    const Item = { pk, sk: write.key, ...write.item };
    if (write.key !== controlKeys.control) return { Put: { TableName, Item } };
    const condition =
      before.version === 0
        ? { ConditionExpression: "attribute_not_exists(pk)" }
        : {
            ConditionExpression: "version = :version",
            ExpressionAttributeValues: { ":version": before.version },
          };
    return { Put: { TableName, Item, ...condition } };
  });
  const account = controlKeys.account(before.role.account);
  const calls = listNewCalls(before, after).map((call) => ({
    Put: { TableName, Item: { pk: account, ...ownCallItem(call) } },
  }));
  return [...writes, ...calls];
}

function ownCallItem({ requestId, rollbackId, at }: OwnCall): Item {
  return {
    sk: controlKeys.ownCall(requestId),
    ...encodeItem(OwnCallItem, { rollbackId, at }),
    expires: expiryFrom(at, retentionDays.ownCalls),
  };
}

async function decide(table: Table, role: RoleKey, decision: Decision): Promise<void> {
  const { pk, sk, item } = writeDecision(role, decision);
  try {
    const end = endOf(decision);
    const expires = end === undefined ? {} : { expires: expiryFrom(end, retentionDays.decisions) };
    await table.documents.send(
      new PutCommand({ TableName: table.name, Item: { pk, sk, ...item, ...expires } }),
    );
  } catch (error) {
    throw toStoreError(table, error, "dynamodb:PutItem");
  }
}

/** Returns when a decision stops to count; undefined if it counts for good. */
function endOf(decision: Decision): Instant | undefined {
  switch (decision.kind) {
    case "exception":
      return decision.exception.expires;
    case "approval":
      return decision.approval.expires;
    case "pause":
      return decision.pause.until;
    case "reset":
      return decision.reset.at;
    case "closure":
      return undefined;
  }
}

/** The rollbacks of an hour that restore something, as a set of DynamoDB. */
const RestoredSet = z.object({ rollbacks: z.set(z.string()) });

/** Adds the rollback to the set of the hour, unless the set is full: the rule of `mayRestore`, in one conditional write. */
async function spendRestoring(
  table: Table,
  account: string,
  rollbackId: string,
  now: Instant,
  limit: number,
): Promise<RestoringPermit> {
  try {
    await table.documents.send(
      new UpdateCommand({
        TableName: table.name,
        Key: { pk: controlKeys.account(account), sk: controlKeys.restoring(hourOf(now)) },
        UpdateExpression: "SET #schema = :schema, expires = :expires ADD rollbacks :set",
        ConditionExpression:
          "contains(rollbacks, :id) OR (attribute_not_exists(rollbacks) AND :limit > :zero) OR size(rollbacks) < :limit",
        ExpressionAttributeNames: { "#schema": "schema" },
        ExpressionAttributeValues: {
          ":schema": schema,
          ":expires": expiryFrom(now, retentionDays.restoring),
          ":set": new Set([rollbackId]),
          ":id": rollbackId,
          ":limit": limit,
          ":zero": 0,
        },
      }),
    );
    return "granted";
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return "exhausted";
    throw toStoreError(table, error, "dynamodb:UpdateItem");
  }
}

/** Returns when DynamoDB deletes an item: Unix time in seconds, the format of its time to live. */
function expiryFrom(at: Instant, days: number): number {
  return Math.floor(Date.parse(at) / 1000) + days * 86_400;
}
