/** A role could not be read: access denied, throttled for good, or an answer that makes no sense. */
export class RoleUnreadableError extends Error {
  override readonly name = "RoleUnreadableError";
}

/**
 * IAM refused a step of a rollback; `code` is IAM's error code, such as `UnmodifiableEntity`, and `requestId` what
 * CloudTrail's record of the refused call carries.
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
 * IAM gave no answer to a step, or one of a fault of its own, so whether IAM carried it out is not known: read the role
 * before anything else.
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

/** IAM gave no usable answer about a service-linked role: whether a call was carried out is not known. */
export class LinkedRoleUnansweredError extends Error {
  override readonly name = "LinkedRoleUnansweredError";
}

/** Somebody else committed to the ledger since it was loaded; nothing was written. Load it again and decide anew. */
export class LedgerConflictError extends Error {
  override readonly name = "LedgerConflictError";
}

/** A store cannot be reached, is not there, or holds an item that cannot be read. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
}

/** A message, record or file that is not what it should be; the text names the place. */
export class MessageUnreadableError extends Error {
  override readonly name = "MessageUnreadableError";
}

/** The configuration is not what it should be; the text names the path. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** A rollback of the role is running, or IAM has not settled after one: the wish must be brought again later. */
export class RollbackUnderwayError extends Error {
  override readonly name = "RollbackUnderwayError";
}

/** AWS Batch could not be read: access denied, throttled for good, or an answer that makes no sense. */
export class BatchUnreadableError extends Error {
  override readonly name = "BatchUnreadableError";
}

/** The ECS agents of a cluster could not be read: throttled for good, no answer, or a refusal other than of access. */
export class AgentsUnreadableError extends Error {
  override readonly name = "AgentsUnreadableError";
}

/** A role, or a drift of it, cannot be taken into a reference; the text says why and what to do instead. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
}

/**
 * Formats what was thrown: an error's message, or its name where it has no message. An aggregate without a message, such
 * as that of a refused connection, is formatted as its errors, joined by "; ".
 */
export function formatCause(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === "")
    return cause.errors.map(formatCause).join("; ");
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
