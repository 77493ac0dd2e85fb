/** Returns the settings of an SDK client for the local account at an endpoint, as the account's root. */
export function clientSettings(endpoint: string) {
  return {
    endpoint,
    region: "us-east-1",
    // The emulators verify no signature; an unknown key is the account's root.
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  };
}
