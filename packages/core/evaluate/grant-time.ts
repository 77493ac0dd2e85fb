import type { Condition } from "@drift-guard/policy/grant";
import type { Grant } from "../model/grant.ts";

/**
 * Whether the time of a grant is over: a condition on the time of the request can never hold again. Without `now`, no time
 * is over. Source: docs/aws-facts.md, "Date conditions".
 */
export function isOver({ conditions }: Grant, now: Date | undefined): boolean {
  return now !== undefined && conditions.some((condition) => hasPassed(condition, now));
}

const endsInTime = /^(?:For(?:Any|All)Values:)?(?:Date|Numeric)(?:LessThan|LessThanEquals|Equals)$/;

// The values of a condition are an OR: it can hold as long as one of them lies ahead.
function hasPassed({ operator, key, values }: Condition, now: Date): boolean {
  if ((key !== "aws:currenttime" && key !== "aws:epochtime") || !endsInTime.test(operator)) return false;
  return values.length > 0 && values.every((value) => isBefore(value, now));
}

/** Whether a value, a date in ISO 8601 or the seconds since 1970, lies before a time; false if it is neither. */
function isBefore(value: string, now: Date): boolean {
  const time = /^\d{1,12}$/.test(value) && value.length > 4 ? Number(value) * 1000 : Date.parse(value);
  return time < now.getTime();
}
