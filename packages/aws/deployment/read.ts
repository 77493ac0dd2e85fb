import type { Read } from "@drift-guard/core/model/deployed";
import { errorCodeOf, formatFailure } from "../failure.ts";

/** How a failed call is judged: the IAM action that it needs, and the error codes of a resource that does not exist. */
export interface Reading {
  readonly permission: string;
  /** Matches the codes without the SDK's suffix; left out where the call has none. */
  readonly absent?: RegExp;
}

/** Returns what a call read, or what its failure means. Throws nothing. */
export async function readResult<Value>(
  call: () => Promise<Value>,
  { permission, absent }: Reading,
): Promise<Read<Value>> {
  try {
    return { status: "read", value: await call() };
  } catch (error) {
    if (absent?.test(errorCodeOf(error) ?? "")) return { status: "absent" };
    return { status: "unknown", why: formatFailure(error, permission) };
  }
}

/** Returns what the answer of a call lacks, as a read that is unknown. */
export function lacks(permission: string, what: string): Read<never> {
  return { status: "unknown", why: `The answer of ${permission} holds no ${what}.` };
}
