import { KMSClient } from "@aws-sdk/client-kms";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SSMClient } from "@aws-sdk/client-ssm";
import { createResourceReader } from "@drift-guard/aws/resources";
import type { ResourceReader } from "@drift-guard/core/ports";
import { sdkClientSettings } from "./client-settings.ts";
import type { FunctionLocation } from "./function.ts";

// Shorter than usual: a resource that was not read is reported in the finding, but a role that is inspected too late has
// no finding.
const resourceClientSettings = {
  ...sdkClientSettings,
  maxAttempts: 2,
  requestHandler: { ...sdkClientSettings.requestHandler, connectionTimeout: 1_000, requestTimeout: 4_000 },
};

/**
 * Creates the reader of secrets, parameters and keys with its clients, one for each service and region. The module is
 * loaded with the first read.
 */
export function createReader({ account, partition }: FunctionLocation): ResourceReader {
  return createResourceReader(
    {
      secrets: (region) => new SecretsManagerClient({ ...resourceClientSettings, region }),
      keys: (region) => new KMSClient({ ...resourceClientSettings, region }),
      parameters: (region) => new SSMClient({ ...resourceClientSettings, region }),
    },
    { account, partition },
  );
}
