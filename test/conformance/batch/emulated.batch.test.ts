import { BatchClient, BatchServiceException } from "@aws-sdk/client-batch";
import { IAMClient } from "@aws-sdk/client-iam";
import { createBatchReader } from "@drift-guard/aws/batch/reader";
import { clientSettingsFor } from "../../aws/client-settings.ts";
import { account } from "../../builders.ts";
import { withEmulators } from "../../local/emulators.ts";
import { sendCall } from "../iam/sdk-call.ts";
import { type BatchDiffers, describeBatch } from "./batch.ts";
import { sendBatchCall } from "./sdk-call.ts";

/** What moto 5.2.5 is known to get wrong of Batch. */
const differs: BatchDiffers = {
  "takes a bare name for a role without a path": "moto takes ARNs alone",
  "gives a managed environment without a service role the service-linked one":
    "moto requires a service role of every environment",
  "shows an environment as INVALID once its role is gone, with the reason": "moto's environments stay VALID",
  "does not delete an environment that is enabled": "moto deletes it",
  "keeps a multi-node definition whole": "moto's answer leaves the nodes out",
  "keeps the tasks of a definition of several containers": "moto knows no ecsProperties",
  "keeps an environment DELETING whose role went first": "moto deletes at once, without the role",
};

withEmulators("AWS Batch as moto keeps it, through the SDK", (services) => {
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
        iam: (call) => sendCall(iam, call),
        reader: createBatchReader(clientOf, { account, partition: "aws" }),
        close: async () => iam.destroy(),
      };
    },
    differs,
  );
});
