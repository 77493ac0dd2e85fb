/** The prefix of a unique id, which names the kind of the IAM entity: role, user, policy, profile or access key. */
export type IdPrefix = "AROA" | "AIDA" | "ANPA" | "AIPA" | "ASIA";

/** Generates ids in the formats of IAM and CloudTrail. */
export interface IdGenerator {
  /** Returns a UUID, for requests, events and deletion tasks. */
  uuid(): string;
  /** Returns a unique id of an IAM entity: the prefix and 17 letters or digits. */
  entity(prefix: IdPrefix): string;
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Creates a generator that returns the same ids in every run, so that output and tests are stable. */
export function createIdGenerator(seed = 1): IdGenerator {
  // mulberry32, a small generator of 32-bit numbers. No id protects a secret.
  let state = seed >>> 0;
  const next = (bound: number) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
  const hex = (length: number) => Array.from({ length }, () => next(16).toString(16)).join("");
  return {
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${"89ab".charAt(next(4))}${hex(3)}-${hex(12)}`,
    entity: (prefix) => prefix + Array.from({ length: 17 }, () => digits.charAt(next(32))).join(""),
  };
}
