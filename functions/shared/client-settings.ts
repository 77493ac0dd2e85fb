/** SDK client settings of every function: 6 attempts with growing pauses, 3 s to connect, 10 s for an answer. */
export const sdkClientSettings = {
  maxAttempts: 6,
  retryMode: "standard",
  requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
};
