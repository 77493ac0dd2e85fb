/** SDK client settings for an endpoint on this machine: any credentials, us-east-1, no retry. */
export function clientSettingsFor(endpoint: string) {
  return {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIAOWNER", secretAccessKey: "none" },
    maxAttempts: 1,
  };
}
