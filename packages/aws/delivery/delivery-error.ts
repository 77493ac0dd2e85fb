import { errorCodeOf, formatFailure } from "../failure.ts";

/** Something could not be handed to the service that it was for, or only a part of it; the text names what was not. */
export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
}

/** What to tell of a delivery that failed; `target` is a queue, bus, topic or hub with its name. */
export function toDeliveryError(target: string, error: unknown, permission: string): DeliveryError {
  if (error instanceof DeliveryError) return error;
  if (/^(ResourceNotFound|QueueDoesNotExist|NotFound|InvalidAddress)$/.test(errorCodeOf(error) ?? "")) {
    return new DeliveryError(
      `${target} is not there. Deploy the stack, or check the region and the environment variable that names it.`,
      { cause: error },
    );
  }
  return new DeliveryError(`${target} did not take it: ${formatFailure(error, permission)}`, {
    cause: error,
  });
}
