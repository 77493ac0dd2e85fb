/** What an SDK client needs to work on the local account at an endpoint. */
export function clientSettings(endpoint: string) {
  return {
    endpoint,
    region: "us-east-1",
    // The emulators check no signature; a key that nobody handed out is the account's root.
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  };
}
