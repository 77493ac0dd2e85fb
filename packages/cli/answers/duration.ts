import { type Instant, instantOf } from "@drift-guard/core/model/instant";
import { sanitise } from "@drift-guard/formats/printable";
import { UsageError } from "../command.ts";

/**
 * Returns when a time such as `8h` or `30d` from now ends. Throws `UsageError` for any other text.
 */
export function readEnd(duration: string, now: Date): Instant {
  const [, count, unit] = /^([1-9]\d{0,4})([hd])$/.exec(duration) ?? [];
  if (count === undefined) {
    throw new UsageError(`--for takes hours or days, such as 8h or 30d, and not ${sanitise(duration, 20)}.`);
  }
  return instantOf(new Date(now.getTime() + Number(count) * (unit === "h" ? 3_600_000 : 86_400_000)));
}
