import type { Control } from "@drift-guard/core/model/control";
import { type Instant, instantOf, isBefore, millisecondsBetween } from "@drift-guard/core/model/instant";
import type { RoleKey } from "@drift-guard/core/model/role";
import type { RollbackPorts } from "../ports.ts";

/** A later look at a role: when it is due, and for which findings. */
export interface LaterTry {
  readonly due: Instant;
  readonly findings: readonly string[];
}

/** The longest delay of SQS in seconds (docs/aws-facts.md, "DynamoDB, SQS and Lambda"): a later time takes several messages. */
export const maxDelaySeconds = 900;

/**
 * Sends the message of a later try, unless an earlier or equal one is under way. Returns the control record that knows of
 * it, to be committed afterwards: where that fails, a second message does no harm.
 */
export async function scheduleTry(
  control: Control,
  later: LaterTry | undefined,
  ports: Pick<RollbackPorts, "requests" | "now">,
): Promise<Control> {
  if (later === undefined) return control;
  const now = instantOf(ports.now());
  const { nextTry } = control;
  const isUnderWay = nextTry !== undefined && isBefore(now, nextTry) && !isBefore(later.due, nextTry);
  if (isUnderWay) return control;
  await sendTry(control.role, later, ports);
  return { ...control, nextTry: later.due };
}

/** Sends the message of a later try, delayed until it is due, or by 15 minutes if it is due later than that. */
export async function sendTry(
  { name }: RoleKey,
  { due, findings }: LaterTry,
  { requests, now }: Pick<RollbackPorts, "requests" | "now">,
): Promise<void> {
  const seconds = millisecondsBetween(instantOf(now()), due) / 1000;
  const delay = Math.min(Math.max(Math.ceil(seconds), 0), maxDelaySeconds);
  await requests.send({ retry: { role: name, due, findings: findings.slice(0, maxNamedFindings) } }, delay);
}

// The findings are named for people who read the queue; the try looks at the whole role.
const maxNamedFindings = 100;

/** Returns the earliest of some later tries, with the findings of all; undefined if there is none. */
export function joinTries(tries: readonly LaterTry[]): LaterTry | undefined {
  const [first] = tries.toSorted((a, b) => millisecondsBetween(b.due, a.due));
  return first && { due: first.due, findings: [...new Set(tries.flatMap(({ findings }) => findings))] };
}
