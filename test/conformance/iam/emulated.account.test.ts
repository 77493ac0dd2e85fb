import { IAMClient, IAMServiceException } from "@aws-sdk/client-iam";
import { createRoleBuilder } from "@drift-guard/aws/iam/builder";
import { createLinkedRoleKeeper } from "@drift-guard/aws/iam/linked-role";
import { createManagedPolicyReader } from "@drift-guard/aws/iam/live-policy";
import { createRoleReader } from "@drift-guard/aws/iam/reader";
import { createRoleWriter } from "@drift-guard/aws/iam/writer";
import { clientSettingsFor } from "../../aws/client-settings.ts";
import { account } from "../../builders.ts";
import { withEmulators } from "../../local/emulated-suite.ts";
import { describeIamAccount, type IamAccountUnderTest } from "./account.ts";
import { sendIamCall } from "./sdk-call.ts";

const notChecked = "moto does not check it";
const unlimited = "moto has no such limit";

/** Rules that moto 5.2.5 breaks. The recorder in front of it enforces those for service-linked roles. */
const knownDifferences: IamAccountUnderTest["knownDifferences"] = {
  "finds the role that a policy bounds": "moto's ListEntitiesForPolicy omits boundaries",
  "ignores the case of role names": "moto compares role names with their case",
  "ignores the case of tag keys": "moto's UntagRole compares keys with their case",
  "refuses a role with the path of service-linked roles": notChecked,
  "refuses a role name with invalid characters": notChecked,
  "refuses to create a role with an invalid trust policy":
    "moto checks a trust policy only when it is changed",
  "refuses a trust policy that names a role of the account that does not exist": notChecked,
  "shows a deleted trusted role as its unique id, even after a role of its name is created":
    "moto keeps the ARN",
  "refuses a trust policy of more than 2,048 characters, not counting white space": unlimited,
  "refuses an eleventh attached policy": unlimited,
  "accepts at most 10,240 characters of inline policies in sum, not counting white space": unlimited,
  "refuses a boundary that does not exist": notChecked,
  "refuses a maximum session duration of more than twelve hours": notChecked,
  "refuses a policy of the same name at another path": "moto compares policies by their ARNs",
  "refuses a managed policy of more than 6,144 characters": unlimited,
  "deletes a policy only if it is attached to no role": notChecked,
  "refuses to delete a policy that bounds a role": notChecked,
  "refuses to delete a policy with several versions": notChecked,
  "names the role in the id of its deletion's task": "moto's task ids are bare UUIDs",
  "returns the earlier task while that task runs": "moto deletes at once",
  "finds no deletion task with another id": "moto answers SUCCEEDED to every id",
  "reports no service if a role was never used": "moto has no service last accessed data",
  "refuses every write to an AWS-managed policy": "moto changes AWS-managed policies like any other",
};

withEmulators("IAM on moto behind the recorder, through the SDK", (services) => {
  describeIamAccount("moto behind the recorder", {
    async open() {
      const client = new IAMClient(clientSettingsFor(services().recorder.endpoint));
      return {
        account,
        reader: createRoleReader(client, { account, partition: "aws" }),
        policies: createManagedPolicyReader(client),
        writer: createRoleWriter(client),
        builder: createRoleBuilder(client),
        keeper: createLinkedRoleKeeper(client),
        pass: () => {},
        async call(call) {
          try {
            await sendIamCall(client, call);
            return { status: "done" };
          } catch (error) {
            if (!(error instanceof IAMServiceException)) throw error;
            return { status: "refused", code: codeOf(error), message: error.message };
          }
        },
        close: async () => client.destroy(),
      };
    },
    knownDifferences,
  });
});

// The SDK's error names end in Exception; the API's codes do not.
function codeOf({ name }: IAMServiceException): string {
  return name.replace(/Exception$/, "");
}
