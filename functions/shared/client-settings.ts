/**
 * How every SDK client of a function is made: throttling is waited out with growing pauses, for longer than the SDK
 * does by itself, and a connection that says nothing is given up while the function still has time to try again.
 */
export const patience = {
  maxAttempts: 6,
  retryMode: "standard",
  requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
};
