/** A role could not be read: access denied, still throttled after all retries, or an invalid response. */
export class RoleUnreadableError extends Error {
  override readonly name = "RoleUnreadableError";
}

/**
 * IAM refused a step of a rollback. `code` is IAM's error code, such as `UnmodifiableEntity`; `requestId` also stands in
 * CloudTrail's record of the refused call.
 */
export class StepRefusedError extends Error {
  override readonly name = "StepRefusedError";
  readonly code: string;
  readonly requestId: string | undefined;
  constructor(
    message: string,
    code: string,
    options?: ErrorOptions & { readonly requestId?: string | undefined },
  ) {
    super(message, options);
    this.code = code;
    this.requestId = options?.requestId;
  }
}

/**
 * IAM did not respond to a step, or responded with a server error, so that it is unknown whether the step took effect:
 * read the role before any other call.
 */
export class StepUnansweredError extends Error {
  override readonly name = "StepUnansweredError";
}

/** IAM refused a call on a service-linked role; `code` is IAM's error code, such as `AccessDenied` (R34). */
export class LinkedRoleRefusedError extends Error {
  override readonly name = "LinkedRoleRefusedError";
  readonly code: string;
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** IAM gave no usable response about a service-linked role: it is unknown whether the call took effect. */
export class LinkedRoleUnansweredError extends Error {
  override readonly name = "LinkedRoleUnansweredError";
}

/** The ledger is not as it was loaded: load it and decide again. Nothing was written, or only a complete part of it. */
export class LedgerConflictError extends Error {
  override readonly name = "LedgerConflictError";
  /** Of findings whose transitions have numbers that are taken: the number after which enough are free, by finding id. */
  readonly usedNumbers: ReadonlyMap<string, number>;
  constructor(
    message: string,
    options?: ErrorOptions & { readonly usedNumbers?: ReadonlyMap<string, number> },
  ) {
    super(message, options);
    this.usedNumbers = options?.usedNumbers ?? new Map();
  }
}

/** Another process committed to the control record since it was loaded. Nothing was written: load it and decide again. */
export class ControlConflictError extends Error {
  override readonly name = "ControlConflictError";
}

/** A store cannot be reached, does not exist, or holds an item that cannot be parsed. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
}

/** Security Hub is not enabled in the guard's account and Region. */
export class HubDisabledError extends Error {
  override readonly name = "HubDisabledError";
}

/** A message, record or file is invalid; the text names the place. */
export class MessageUnreadableError extends Error {
  override readonly name = "MessageUnreadableError";
}

/** The configuration is invalid; the text names the path. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** A rollback of the role is running, or has just ended and IAM may not show it yet: retry later. */
export class RollbackUnderwayError extends Error {
  override readonly name = "RollbackUnderwayError";
}

/** AWS Batch could not be read: access denied, still throttled after all retries, or an invalid response. */
export class BatchUnreadableError extends Error {
  override readonly name = "BatchUnreadableError";
}

/** The ECS agents of a cluster could not be read: still throttled after all retries, no response, or an error other than denied access. */
export class AgentsUnreadableError extends Error {
  override readonly name = "AgentsUnreadableError";
}

/** STS or IAM gave no usable answer to who gave an answer: nothing was decided, and the answer can be given again. */
export class CallerUnprovenError extends Error {
  override readonly name = "CallerUnprovenError";
}

/** A role or a drift cannot be captured into a reference; the text says why and what to do instead. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
}

/**
 * Formats what was thrown: an error's message, or its name if it has no message. An aggregate without a message, such
 * as that of a refused connection, is formatted as its errors, joined by "; ".
 */
export function formatCause(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === "")
    return cause.errors.map(formatCause).join("; ");
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

/** CloudTrail's event history could not be read: access denied, still throttled after all retries, or an invalid response. */
export class TrailUnreadableError extends Error {
  override readonly name = "TrailUnreadableError";
}
