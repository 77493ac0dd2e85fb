import { setImmediate as nextTick } from "node:timers/promises";

/** A function that was stopped in the middle, as Lambda does when its time is over. */
export class CrashError extends Error {
  override readonly name = "CrashError";
}

/** What goes wrong in one invocation of a function. */
export interface Fault {
  /** The invocation is lost at this moment: each call of a port has one before and one after it. */
  readonly crashAt?: number;
  /** At this moment, something else happens in the account or in the guard. */
  readonly interruptAt?: number;
  readonly interrupt?: () => Promise<void>;
  /** The time is nearly over after this many questions about it. */
  readonly hurryAfter?: number;
  /** Lets another invocation run at the same time. */
  readonly turn?: () => Promise<void>;
}

/** One run of a function of the guard. */
export interface Invocation {
  /** Number of the state of the role that its last read showed; undefined if it read none. */
  seen?: number;
  /** Numbers of the states that rollback read and has not yet stored anything about: a crash forgets them. */
  readonly unstored: number[];
  /** Calls a port: the moments before and after it are those at which faults strike. */
  pass<T>(call: () => Promise<T> | T): Promise<T>;
  timeLeft(): number;
}

/** Begins an invocation. After a crash, none of its calls arrives anywhere. */
export function beginInvocation({ crashAt, interruptAt, interrupt, hurryAfter, turn }: Fault): Invocation {
  let moment = 0;
  let isLost = false;
  let asked = 0;
  const strike = async () => {
    if (isLost) throw new CrashError("the invocation was lost");
    await turn?.();
    moment += 1;
    if (moment === crashAt) {
      isLost = true;
      throw new CrashError("the invocation was lost");
    }
    if (moment === interruptAt) await interrupt?.();
  };
  return {
    unstored: [],
    async pass(call) {
      await strike();
      const result = await call();
      await strike();
      return result;
    },
    timeLeft() {
      asked += 1;
      return hurryAfter !== undefined && asked > hurryAfter ? 10_000 : 60_000;
    },
  };
}

/** A run of an invocation, which waits for its turn at each moment. */
type Run = (turn: () => Promise<void>) => Promise<void>;

/**
 * Runs two invocations at the same time, of which one goes on at a time. `order` says, over and over, whether that is the
 * second one.
 */
export async function interleave(order: readonly boolean[], runs: readonly [Run, Run]): Promise<void> {
  // An invocation may wait several times: it makes some calls at once.
  const waiting: { readonly isSecond: boolean; readonly resume: () => void }[] = [];
  let left = runs.length;
  const ended = Promise.all(
    runs.map(async (run, index) => {
      try {
        await run(() => new Promise((resume) => waiting.push({ isSecond: index === 1, resume })));
      } finally {
        left -= 1;
      }
    }),
  );
  for (let turn = 0; left > 0; turn += 1) {
    // All that can go on has gone on.
    await nextTick();
    const wanted = order[turn % Math.max(order.length, 1)] ?? false;
    const next = waiting.find(({ isSecond }) => isSecond === wanted) ?? waiting[0];
    if (next === undefined) continue;
    waiting.splice(waiting.indexOf(next), 1);
    next.resume();
  }
  await ended;
}
