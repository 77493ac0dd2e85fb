/** The service's own code of a failed SDK call, without the SDK's suffix: `NoSuchEntity`. None where no service answered. */
export function errorCodeOf(error: unknown): string | undefined {
  // `$fault` is what the SDK gives to a service's answer; a broken socket or an unreadable answer has none.
  if (!(error instanceof Error) || !("$fault" in error)) return undefined;
  return error.name.replace(/Exception$/, "");
}

/** Whether the service said no: what was asked was not done. After a fault of its own, or no answer, that is not known. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && "$fault" in error && error.$fault === "client";
}

/** Whether the service said that this identity may not make the call. */
export function isDenied(error: unknown): boolean {
  return /^(AccessDenied|AuthorizationError|UnauthorizedOperation)$/.test(errorCodeOf(error) ?? "");
}

/** Whether the service said, after the SDK's own retries, that it takes no more calls at the moment. */
export function isThrottled(error: unknown): boolean {
  return /Throttl|TooManyRequests|RequestLimitExceeded|ThroughputExceeded/.test(errorCodeOf(error) ?? "");
}

/** Says for a person why an SDK call failed and what to do; `permission` is what the call needs, such as `iam:GetRole`. */
export function formatFailure(error: unknown, permission: string): string {
  const code = errorCodeOf(error);
  const message = sentence(error instanceof Error ? error.message || error.name : String(error));
  if (code === undefined) return `${permission} gave no answer that can be read: ${message}`;
  const told = `${permission} answered ${code}: ${message}`;
  if (isDenied(error)) return `${told} Allow ${permission} to the identity that made the call.`;
  if (isThrottled(error)) return `${told} The SDK's retries are used up; try again later.`;
  if (/ExpiredToken|InvalidClientTokenId|UnrecognizedClient|InvalidSignature/.test(code)) {
    return `${told} Check the credentials.`;
  }
  return told;
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** The id of the request that failed, by which CloudTrail knows it too. */
export function requestIdOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const { $metadata } = error;
  if (typeof $metadata !== "object" || $metadata === null || !("requestId" in $metadata)) return undefined;
  return typeof $metadata.requestId === "string" ? $metadata.requestId : undefined;
}
