import { type Exception, isInForce } from "../model/exception.ts";
import type { FindingBody } from "../model/finding.ts";
import type { Instant } from "../model/instant.ts";

/** Whether an exception covers a finding: made for exactly this evidence, and not expired at `now`. */
export function isExcepted(
  finding: FindingBody,
  { exceptions, now }: { readonly exceptions: readonly Exception[]; readonly now: Instant },
): boolean {
  return exceptions.some((exception) => isInForce(exception, finding, now));
}
