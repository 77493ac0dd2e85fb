import { errorCodeOf, formatFailure, isRefusal } from "../failure.ts";

/** A delivery to an AWS service failed, wholly or in part; the message names what was not delivered. */
export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
}

/** Whether a delivery failed because the service refused it, so that surely nothing was delivered. */
export function isRefusedDelivery(error: unknown): boolean {
  return error instanceof DeliveryError && isRefusal(error.cause);
}

/**
 * Returns the failure of a call to `target` as a `DeliveryError`, with what to do about it; a `DeliveryError` is returned
 * unchanged. `target` names a queue, bus, topic or service, such as "The queue URL"; `permission` is the IAM action of
 * the call.
 */
export function toDeliveryError(target: string, error: unknown, permission: string): DeliveryError {
  if (error instanceof DeliveryError) return error;
  if (/^(ResourceNotFound|QueueDoesNotExist|NotFound|InvalidAddress)$/.test(errorCodeOf(error) ?? "")) {
    return new DeliveryError(
      `${target} does not exist. Deploy the stack, or check the region and the environment variable that names it.`,
      { cause: error },
    );
  }
  return new DeliveryError(`${target} did not accept the delivery: ${formatFailure(error, permission)}`, {
    cause: error,
  });
}
