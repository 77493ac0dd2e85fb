/** The process was ended in the middle, as Lambda ends one whose time or memory is used up. */
class KilledError extends Error {
  override readonly name = "KilledError";
}

/** Ends one process. */
export interface Executioner {
  /** Begins the life of a process. */
  begin(): Life;
  /** The moment at which a process was ended; undefined if none was. */
  killedAt(): string | undefined;
}

/** One process. Once it has ended, no call of its ports takes effect. */
export interface Life {
  isOver(): boolean;
  /** Comes to a call of a port. Throws `KilledError` if the process has ended, or ends before the call. */
  reach(call: string, changes: boolean): void;
  /** Comes to the end. Throws `KilledError` if the process has ended, or ends after its last change and before its answer. */
  finish(): void;
}

/**
 * Creates an executioner that ends one process at the moment with this number, from 1; none if there are fewer. The moments
 * are those before each call that changes something, and after the last one of each process: whatever lies between two
 * changes is the same.
 */
export function createExecutioner(fatal: number): Executioner {
  let moments = 0;
  let killedAt: string | undefined;
  return {
    killedAt: () => killedAt,
    begin() {
      let isOver = false;
      let last: string | undefined;
      const assertAlive = () => {
        if (isOver) throw new KilledError(killedAt);
      };
      const pass = (moment: string) => {
        moments += 1;
        if (moments === fatal) {
          isOver = true;
          killedAt = moment;
        }
        assertAlive();
      };
      return {
        isOver: () => isOver,
        reach(call, changes) {
          assertAlive();
          if (!changes) return;
          pass(`before ${call}`);
          last = call;
        },
        finish() {
          assertAlive();
          if (last !== undefined) pass(`after ${last}`);
        },
      };
    },
  };
}

const reads =
  /^(?:now|newId|load|loadFinding|loadAccess|read|readMany|readPolicy|names|rolesBehind|find|findDelivery|findTest|history|usesOf|users|facts|ownCall|undelivered|listFindings|listRegions|environment|environments|definition|definitions|queues|deletionStatus)$/;

/** Returns the ports as a process has them. */
export function mortal<Ports extends object>(ports: Ports, life: Life, path = ""): Ports {
  return new Proxy(ports, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      const where = `${path}${String(name)}`;
      if (typeof value === "object" && value !== null && where !== "config") {
        return mortal(value, life, `${where}.`);
      }
      if (typeof value !== "function") return value;
      return (...parameters: readonly unknown[]) => {
        life.reach(where, !reads.test(String(name)));
        return Reflect.apply(value, target, parameters);
      };
    },
  });
}
