import { KMSClient } from "@aws-sdk/client-kms";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SSMClient } from "@aws-sdk/client-ssm";
import { createResourceReader } from "@drift-guard/aws/resources";
import type { ResourceReader } from "@drift-guard/core/ports";
import { patience } from "./client-settings.ts";
import type { Home } from "./function.ts";

// A finding says what was not read; a role that is not looked at in time has none.
const briefly = { ...patience, maxAttempts: 3 };

/** Opens what tells of secrets, parameters and keys, for one invocation. */
export function openResources({ account, partition }: Home): ResourceReader {
  return createResourceReader(
    {
      secrets: (region) => new SecretsManagerClient({ ...briefly, region }),
      keys: (region) => new KMSClient({ ...briefly, region }),
      parameters: (region) => new SSMClient({ ...briefly, region }),
    },
    { account, partition },
  );
}
