import { findingKeys } from "./keys.ts";

// Numbers are padded to six digits. Nobody makes so many transitions of one finding: larger ones are forged.
const maxHonestNumber = 900_000;

/** Whether a number can be that of a finding's last transition: 0 before the first one. */
export function isHonestNumber(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0 && number <= maxHonestNumber;
}

/**
 * Returns the number after which `count` numbers in a row are free for transitions of a finding, given the sort keys of the
 * stored ones. Numbers before a stored one are not used again, even if they are free: they may have expired.
 */
export function findUsedNumbers(findingId: string, keys: readonly string[], count: number): number {
  const prefix = findingKeys.transitions(findingId);
  const taken = new Set(keys.map((key) => Number(key.slice(prefix.length))));
  let last = Math.max(0, ...[...taken].filter(isHonestNumber));
  let free = 0;
  for (let number = last + 1; free < count; number += 1) {
    if (taken.has(number)) {
      last = number;
      free = 0;
    } else free += 1;
  }
  return last;
}
