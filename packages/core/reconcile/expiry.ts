import { leaveUncovered } from "../evaluate/coverage.ts";
import type { Evidence } from "../model/evidence.ts";
import type { EndingException, Exception } from "../model/exception.ts";
import type { FindingBody } from "../model/finding.ts";
import { digestEvidence } from "../model/identity.ts";
import { addSeconds, type Instant, isBefore } from "../model/instant.ts";
import type { Observation } from "./observation.ts";

/** How many days before the end of an exception people are warned. */
const warningDays = [7, 1] as const;
const daySeconds = 86_400;

/** An exception whose end people are warned of, and how many days before they were to be warned. */
export interface ExpiryWarning {
  readonly exception: EndingException;
  readonly days: number;
}

/**
 * Returns the warning that is due for a finding: an exception ends within 7 days, or within one day, and no other one covers
 * what it covers. Undefined if people were warned of it, if the exception was given for a shorter time than that, or if the
 * read is not a sweep's. `evidence` is the finding's before anything covered is left out. A pure function.
 */
export function findExpiryWarning(
  { id, warned }: Pick<FindingBody, "id" | "warned">,
  evidence: Evidence,
  { exceptions, cause, now }: Pick<Observation, "exceptions" | "cause" | "now">,
): ExpiryWarning | undefined {
  if (cause.kind !== "sweep") return undefined;
  const soon = addSeconds(now, Math.max(...warningDays) * daySeconds);
  const ending = exceptions
    .filter(
      ({ findingId, expires }) => findingId === id && isBefore(now, expires) && !isBefore(soon, expires),
    )
    .toSorted((one, other) => Date.parse(one.expires) - Date.parse(other.expires))
    .find(({ expires }) => coversMore({ id, evidence }, exceptions, now, expires));
  if (ending === undefined) return undefined;
  const { expires, at } = ending;
  const days = warningDays.findLast((each) => !isBefore(now, addSeconds(expires, -each * daySeconds)));
  if (days === undefined) return undefined;
  if (at !== undefined && !isBefore(at, addSeconds(expires, -days * daySeconds))) return undefined;
  const isTold = warned !== undefined && isSameTime(warned.expires, expires) && warned.days <= days;
  return isTold ? undefined : { exception: describeEnding(ending), days };
}

/**
 * Returns the exception whose end since the finding's last transition opened it again or added to it; undefined if there is
 * none. `evidence` is the finding's before anything covered is left out.
 */
export function findEnded(
  { id, updatedAt }: Pick<FindingBody, "id" | "updatedAt">,
  evidence: Evidence,
  { exceptions, now }: Pick<Observation, "exceptions" | "now">,
): EndingException | undefined {
  const ended = exceptions
    .filter(({ findingId, expires }) => findingId === id && isBefore(updatedAt, expires))
    .filter(({ expires }) => !isBefore(now, expires))
    .toSorted((one, other) => Date.parse(other.expires) - Date.parse(one.expires))
    .find(({ expires }) => coversMore({ id, evidence }, exceptions, addSeconds(expires, -0.001), now));
  return ended && describeEnding(ended);
}

/** Whether exceptions cover more of a finding at one time than at a later one. */
function coversMore(
  finding: { readonly id: string; readonly evidence: Evidence },
  exceptions: readonly Exception[],
  before: Instant,
  later: Instant,
): boolean {
  const [one, other] = [before, later].map((now) => digestLeft(leaveUncovered(finding, { exceptions, now })));
  return one !== other;
}

function digestLeft(evidence: Evidence | undefined): string | undefined {
  if (evidence?.kind !== "drift") return evidence && digestEvidence(evidence);
  const { covered: _, omitted: __, ...shown } = evidence;
  return digestEvidence(shown);
}

function isSameTime(one: Instant, other: Instant): boolean {
  return Date.parse(one) === Date.parse(other);
}

function describeEnding({ owner, reason, expires, configured }: Exception): EndingException {
  return { owner, reason, expires, ...(configured && { configured }) };
}
