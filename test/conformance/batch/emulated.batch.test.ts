import { BatchClient, BatchServiceException } from "@aws-sdk/client-batch";
import { IAMClient } from "@aws-sdk/client-iam";
import { createBatchReader } from "@drift-guard/aws/batch/reader";
import { clientSettingsFor } from "../../aws/client-settings.ts";
import { account } from "../../builders.ts";
import { withEmulators } from "../../local/emulated-suite.ts";
import { sendIamCall } from "../iam/sdk-call.ts";
import { type BatchDifferences, describeBatch } from "./batch.ts";
import { sendBatchCall } from "./sdk-call.ts";

/** Rules that moto 5.2.5 breaks. */
const knownDifferences: BatchDifferences = {
  "reads a bare role name as a role without a path": "moto accepts only ARNs",
  "uses the service-linked role for a managed environment without a service role":
    "moto requires a service role of every environment",
  "shows an environment as INVALID after its role is deleted, with the reason":
    "moto's environments stay VALID",
  "refuses to delete an enabled environment": "moto deletes it",
  "keeps every node range of a multi-node definition": "moto's answer omits the node ranges",
  "keeps the tasks of a definition with several containers": "moto ignores ecsProperties",
  "keeps an environment in DELETING if its role was deleted first": "moto deletes at once, without the role",
};

withEmulators("AWS Batch on moto, through the SDK", (services) => {
  describeBatch(
    "moto",
    async () => {
      const settings = clientSettingsFor(services().recorder.endpoint);
      const clientOf = (region: string) => new BatchClient({ ...settings, region });
      const iam = new IAMClient(settings);
      return {
        async call(region, call) {
          try {
            await sendBatchCall(clientOf(region), call);
            return { status: "done" };
          } catch (error) {
            if (!(error instanceof BatchServiceException)) throw error;
            return { status: "refused", code: error.name, message: error.message };
          }
        },
        iam: (call) => sendIamCall(iam, call),
        reader: createBatchReader(clientOf, { account, partition: "aws" }),
        close: async () => iam.destroy(),
      };
    },
    knownDifferences,
  );
});
