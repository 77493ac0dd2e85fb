import { formatCause } from "@drift-guard/core/errors";

/**
 * Returns the service's error code of a failed SDK call without the SDK's suffix, such as `NoSuchEntity`. Returns
 * undefined if no service answered, or if its answer could not be read.
 */
export function errorCodeOf(error: unknown): string | undefined {
  // The SDK sets `$fault` on a service's answer only; a broken socket or an unreadable answer has none.
  if (!(error instanceof Error) || !("$fault" in error)) return undefined;
  return error.name.replace(/Exception$/, "");
}

/**
 * Whether the service refused the call (a 4xx answer), so that it changed nothing. After a fault of the service (5xx) or
 * without an answer, the call may have been carried out.
 */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && "$fault" in error && error.$fault === "client";
}

/** Whether the service refused the call because the caller lacks the permission. */
export function isDenied(error: unknown): boolean {
  return /^(AccessDenied|AuthorizationError|UnauthorizedOperation)$/.test(errorCodeOf(error) ?? "");
}

/** Whether the service still throttled the call after the SDK's own retries. */
export function isThrottled(error: unknown): boolean {
  return /Throttl|TooManyRequests|RequestLimitExceeded|ThroughputExceeded/.test(errorCodeOf(error) ?? "");
}

/**
 * Formats why an SDK call failed and what to do about it, in sentences. `permission` is the IAM action that the call
 * needs, such as `iam:GetRole`.
 */
export function formatFailure(error: unknown, permission: string): string {
  const code = errorCodeOf(error);
  // The SDK's text on an answer that it cannot parse is advice for programmers.
  if (isUnparsed(error)) {
    return `The answer of ${permission} could not be read. Check the endpoint that answered (AWS_ENDPOINT_URL).`;
  }
  const message = toSentence(formatCause(error));
  if (code === undefined) return `${permission} gave no readable answer: ${message}`;
  const answer = `${permission} answered ${code}: ${message}`;
  if (isDenied(error)) return `${answer} Allow ${permission} to the identity that made the call.`;
  if (isThrottled(error)) return `${answer} The SDK's retries are used up; try again later.`;
  if (/ExpiredToken|InvalidClientTokenId|UnrecognizedClient|InvalidSignature/.test(code)) {
    return `${answer} Check the credentials.${code === "UnrecognizedClient" ? regionalTokens : ""}`;
  }
  return answer;
}

// What a JSON service of a Region answers that the account has not enabled, and what one of an enabled opt-in Region answers
// to a token of the global STS endpoint (docs/aws-facts.md, "Regions and partitions").
const regionalTokens =
  " If they are right elsewhere, the Region is not enabled in the account, or they are a token of the global STS endpoint, which opt-in Regions refuse: set AWS_STS_REGIONAL_ENDPOINTS=regional.";

/** Whether the SDK could not parse the answer, such as a web page in place of XML. */
export function isUnparsed(error: unknown): boolean {
  return error instanceof Error && /^\s*Deserialization error: |\{error\}\.\$response/m.test(error.message);
}

function toSentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** Returns the id of the failed request, which CloudTrail's record of the call has too; undefined if there is none. */
export function requestIdOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const { $metadata } = error;
  if (typeof $metadata !== "object" || $metadata === null || !("requestId" in $metadata)) return undefined;
  return typeof $metadata.requestId === "string" ? $metadata.requestId : undefined;
}
