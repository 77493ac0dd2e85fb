import type * as z from "zod";
import { StoreUnavailableError } from "../errors.ts";
import type { Approval } from "../model/approval.ts";
import type { Control } from "../model/control.ts";
import type { Exception } from "../model/exception.ts";
import { ApprovalItem, ExceptionItem, StopItem } from "./items.ts";
import { controlKeys } from "./keys.ts";

/** An item of the control table as a store keeps it, with its sort key. */
interface StoredItem<Item> {
  readonly key: string;
  readonly item: Item;
}

/**
 * Returns the control data of a role from the items of its partition and the account's pause, if there is one. `read`
 * parses an item by its shape. An item for which it throws `StoreUnavailableError` is left out and named in `unreadable`.
 * Items with other keys, such as budgets, are not read.
 */
export function assembleControl<Item>(
  items: readonly StoredItem<Item>[],
  pause: Item | undefined,
  read: <T>(item: Item, shape: z.ZodType<T>) => T,
): Control {
  const unreadable: string[] = [];
  const take = <T>(item: Item, shape: z.ZodType<T>): T | undefined => {
    try {
      return read(item, shape);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      unreadable.push(error.message);
      return undefined;
    }
  };
  const exceptions: Exception[] = [];
  const approvals: Approval[] = [];
  let breaker: string | undefined;
  for (const { key, item } of items) {
    if (key === controlKeys.breaker) breaker = take(item, StopItem)?.reason;
    else if (key.startsWith(controlKeys.exception(""))) {
      const stored = take(item, ExceptionItem);
      if (stored) exceptions.push(stored.exception);
    } else if (key.startsWith(controlKeys.approval(""))) {
      const stored = take(item, ApprovalItem);
      if (stored) approvals.push(stored.approval);
    }
  }
  const paused = pause === undefined ? undefined : take(pause, StopItem)?.reason;
  return {
    exceptions,
    approvals,
    ...(paused !== undefined && { paused }),
    ...(breaker !== undefined && { breaker }),
    ...(unreadable.length > 0 && { unreadable }),
  };
}
