import type * as z from "zod";
import { type Control, type Decision, emptyControl } from "../model/control.ts";
import { digestOf } from "../model/identity.ts";
import type { Instant } from "../model/instant.ts";
import { joinPhases, ObservingPhase } from "../model/observing.ts";
import type { RoleKey } from "../model/role.ts";
import type { Rollback } from "../model/rollback.ts";
import {
  ApprovalItem,
  AttemptsItem,
  CausesItem,
  ClosureItem,
  ControlItem,
  ExceptionItem,
  encodeItem,
  PauseItem,
  PlanItem,
  ResetItem,
  RollbackItem,
} from "./items.ts";
import { controlKeys } from "./keys.ts";

/** One stored item of the control table. */
export interface StoredControlItem {
  /** Its sort key. */
  readonly key: string;
  /** Parses the item. Throws an error whose message names the item where it cannot be read. */
  read<T>(shape: z.ZodType<T>): T;
}

/** A write of one item: a new item without its keys, or its removal. */
export type ControlWrite =
  | { readonly kind: "put"; readonly key: string; readonly item: Readonly<Record<string, unknown>> }
  | { readonly kind: "delete"; readonly key: string };

/**
 * Assembles the control record of a role from its stored items, in any order, and those of the account that concern each
 * of its roles. `isUnreadable` says whether an error of `read` means that the item cannot be read; such an item is left
 * out and named, and every other error is thrown.
 */
export function assembleControl(
  role: RoleKey,
  items: Iterable<StoredControlItem>,
  isUnreadable: (error: unknown) => error is Error,
): Control {
  const unreadable: string[] = [];
  const read = <T>(item: StoredControlItem, shape: z.ZodType<T>): readonly T[] => {
    try {
      return [item.read(shape)];
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      unreadable.push(error.message);
      return [];
    }
  };
  const byKind = Map.groupBy(items, ({ key }) => key.replace(/#.*$/s, ""));
  const readAll = <T>(key: string, shape: z.ZodType<T>): readonly T[] =>
    (byKind.get(key.replace(/#.*$/s, "")) ?? []).flatMap((item) => read(item, shape));
  const [header] = readAll(controlKeys.control, ControlItem);
  const [stored] = readAll(controlKeys.observing, ObservingPhase);
  const observing = joinPhases(stored, header?.observing);
  const plans = new Map<string, z.output<typeof PlanItem>>();
  for (const item of byKind.get("PLAN") ?? []) {
    for (const plan of read(item, PlanItem)) plans.set(item.key, plan);
  }
  const rollbacks = readAll(controlKeys.rollback(""), RollbackItem).flatMap(({ rollback }): Rollback[] => {
    const plan = plans.get(controlKeys.plan(rollback.id));
    if (plan) return [{ ...rollback, plan: plan.plan, before: plan.before }];
    unreadable.push(`The plan of the rollback ${rollback.id} of ${role.name} is not stored.`);
    return [];
  });
  return {
    ...emptyControl(role),
    ...(header && { version: header.version }),
    ...(observing && { observing }),
    ...(header?.enrolment && { enrolment: header.enrolment }),
    ...(header?.nextTry && { nextTry: header.nextTry }),
    ...(header?.unread && { unread: header.unread }),
    ...(header?.unexplained && { unexplained: header.unexplained }),
    exceptions: readAll(controlKeys.exception(""), ExceptionItem).map(({ exception }) => exception),
    approvals: readAll(controlKeys.approval(""), ApprovalItem).map(({ approval }) => approval),
    pauses: readAll(controlKeys.pause, PauseItem).map(({ pause }) => pause),
    resets: readAll(controlKeys.reset(""), ResetItem).map(({ reset }) => reset),
    closures: readAll(controlKeys.closure(""), ClosureItem).map(({ closure }) => closure),
    rollbacks: rollbacks.toSorted((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt)),
    attempts: readAll(controlKeys.attempts, AttemptsItem).flatMap(({ attempts }) => attempts),
    causes: readAll(controlKeys.causes, CausesItem).flatMap(({ causes }) => causes),
    ...(unreadable.length > 0 && { unreadable }),
  };
}

// A transaction takes 100 items (docs/aws-facts.md, "DynamoDB, SQS and Lambda"). What is not deleted now is deleted by a
// later commit.
const maxDeletes = 60;

/**
 * Returns the writes that turn one control record of a role into another, the version's item first. Decisions of people
 * are not among them.
 */
export function listControlWrites(before: Control, after: Control): readonly ControlWrite[] {
  const { role, observing, enrolment, nextTry, unread, unexplained } = after;
  const header = encodeItem(ControlItem, {
    role,
    version: before.version + 1,
    ...(observing && { observing }),
    ...(enrolment && { enrolment }),
    ...(nextTry && { nextTry }),
    ...(unread && { unread }),
    ...(unexplained && { unexplained }),
  });
  const old = listRecordItems(before);
  const puts: ControlWrite[] = [];
  for (const [key, record] of listRecordItems(after)) {
    const stored = old.get(key);
    old.delete(key);
    // Most of a record stays as it was loaded. Values never change, so the same ones need not be encoded.
    if (stored?.values.every((value, index) => value === record.values[index])) continue;
    const item = record.encode();
    if (stored === undefined || digestOf(stored.encode()) !== digestOf(item))
      puts.push({ kind: "put", key, item });
  }
  const deletes = [...old.keys()].slice(0, maxDeletes);
  return [
    { kind: "put", key: controlKeys.control, item: header },
    ...puts,
    ...deletes.map((key): ControlWrite => ({ kind: "delete", key })),
  ];
}

/** An item of a control record that is not encoded yet, and the values that it is made of. */
interface RecordItem {
  readonly values: readonly unknown[];
  encode(): Readonly<Record<string, unknown>>;
}

function listRecordItems({ rollbacks, attempts, causes }: Control): Map<string, RecordItem> {
  const items = new Map<string, RecordItem>();
  for (const rollback of rollbacks) {
    const { plan, before } = rollback;
    items.set(controlKeys.plan(rollback.id), {
      values: [plan, before],
      encode: () => encodeItem(PlanItem, { plan, before }),
    });
    items.set(controlKeys.rollback(rollback.id), {
      values: [rollback],
      encode: () => encodeItem(RollbackItem, { rollback }),
    });
  }
  if (attempts.length > 0)
    items.set(controlKeys.attempts, {
      values: [attempts],
      encode: () => encodeItem(AttemptsItem, { attempts: [...attempts] }),
    });
  if (causes.length > 0)
    items.set(controlKeys.causes, {
      values: [causes],
      encode: () => encodeItem(CausesItem, { causes: [...causes] }),
    });
  return items;
}

/** A call of the guard's own, as it is recognised long after its rollback is removed. */
export interface OwnCall {
  readonly requestId: string;
  readonly rollbackId: string;
  readonly at: Instant;
}

/** Returns the calls with a request id that a control record has and the one before it does not. */
export function listNewCalls(before: Control, after: Control): readonly OwnCall[] {
  const known = new Set(listCalls(before).map(({ requestId }) => requestId));
  return listCalls(after).filter(({ requestId }) => !known.has(requestId));
}

function listCalls({ rollbacks }: Control): readonly OwnCall[] {
  return rollbacks.flatMap(({ id: rollbackId, steps }) =>
    steps.flatMap(({ outcome }) =>
      outcome !== undefined && "requestId" in outcome && outcome.requestId !== undefined
        ? [{ requestId: outcome.requestId, rollbackId, at: outcome.at }]
        : [],
    ),
  );
}

/** Where a decision about a role is stored, and as what. */
export interface DecisionWrite {
  readonly pk: string;
  readonly sk: string;
  readonly item: Readonly<Record<string, unknown>>;
}

/** Returns the write of a person's decision about a role or its account. */
export function writeDecision(role: RoleKey, decision: Decision): DecisionWrite {
  const pk = controlKeys.partition(role);
  switch (decision.kind) {
    case "exception": {
      const { exception } = decision;
      return {
        pk,
        sk: controlKeys.exception(exception.findingId),
        item: encodeItem(ExceptionItem, { exception }),
      };
    }
    case "approval": {
      const { approval } = decision;
      return {
        pk,
        sk: controlKeys.approval(approval.findingId),
        item: encodeItem(ApprovalItem, { approval }),
      };
    }
    case "pause": {
      const { pause } = decision;
      const ofAccount = pause.scope === "account";
      return {
        pk: ofAccount ? controlKeys.account(role.account) : pk,
        sk: controlKeys.pause,
        item: encodeItem(PauseItem, { pause }),
      };
    }
    case "reset": {
      const { reset } = decision;
      return { pk, sk: controlKeys.reset(reset.findingId), item: encodeItem(ResetItem, { reset }) };
    }
    case "closure": {
      const { closure } = decision;
      return { pk, sk: controlKeys.closure(closure.findingId), item: encodeItem(ClosureItem, { closure }) };
    }
  }
}

/** Returns the start of the hour that contains a time: the window of the cap on restoring. */
export function hourOf(now: Instant): string {
  return `${new Date(now).toISOString().slice(0, 13)}:00:00.000Z`;
}

/** Whether a rollback may restore something in an hour in which these rollbacks did: one that is among them may. */
export function mayRestore(rollbacks: readonly string[], rollbackId: string, limit: number): boolean {
  return rollbacks.includes(rollbackId) || rollbacks.length < limit;
}
