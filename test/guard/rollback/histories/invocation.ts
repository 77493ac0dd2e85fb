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
}

/** One run of a function of the guard. */
export interface Invocation {
  /** Number of the state of the role that its last read showed; undefined if it read none. */
  seen?: number;
  /** Calls a port: the moments before and after it are those at which faults strike. */
  pass<T>(call: () => Promise<T> | T): Promise<T>;
  timeLeft(): number;
}

/** Begins an invocation. After a crash, none of its calls arrives anywhere. */
export function beginInvocation({ crashAt, interruptAt, interrupt, hurryAfter }: Fault): Invocation {
  let moment = 0;
  let isLost = false;
  let asked = 0;
  const strike = async () => {
    if (isLost) throw new CrashError("the invocation was lost");
    moment += 1;
    if (moment === crashAt) {
      isLost = true;
      throw new CrashError("the invocation was lost");
    }
    if (moment === interruptAt) await interrupt?.();
  };
  return {
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
