import { IAMClient, IAMServiceException } from "@aws-sdk/client-iam";
import { createLinkedRoleKeeper } from "@drift-guard/aws/iam/linked-role";
import { createRoleReader } from "@drift-guard/aws/iam/reader";
import { createRoleWriter } from "@drift-guard/aws/iam/writer";
import { clientSettingsFor } from "../../aws/client-settings.ts";
import { account } from "../../builders.ts";
import { withEmulators } from "../../local/emulators.ts";
import { describeIamAccount, type IamAccountUnderTest } from "./account.ts";
import { sendCall } from "./sdk-call.ts";

const notChecked = "moto does not check it";
const unlimited = "moto has no such limit";

/** What moto 5.2.5 is known to get wrong; service-linked roles are the recorder's to get right. */
const differs: IamAccountUnderTest["differs"] = {
  "finds the role behind a policy that bounds it": "moto's ListEntitiesForPolicy leaves boundaries out",
  "takes names in another case for the same role": "moto's role names have a case",
  "takes tag keys in another case for the same tag": "moto's UntagRole compares keys with their case",
  "refuses a role at the path of service-linked roles": notChecked,
  "refuses a role name of other characters": notChecked,
  "refuses to create a role with a trust that is not one": "moto checks a trust only where it is changed",
  "refuses a trust in a role of the account that is not there": notChecked,
  "shows a trusted role that was deleted as its unique id, also when it is made anew": "moto keeps the ARN",
  "refuses a trust of more than 2,048 characters, white space not counted": unlimited,
  "refuses an eleventh attached policy": unlimited,
  "takes at most 10,240 characters of inline policies together, white space not counted": unlimited,
  "refuses a boundary that is not there": notChecked,
  "refuses a longest session beyond twelve hours": notChecked,
  "refuses a policy of the same name at another path": "moto tells policies apart by their ARNs",
  "refuses a managed policy of more than 6,144 characters": unlimited,
  "deletes a policy only where it is attached nowhere": notChecked,
  "refuses to delete a policy that bounds a role": notChecked,
  "refuses to delete a policy of several versions": notChecked,
  "names the role in the id of its deletion's task": "moto's task ids are bare UUIDs",
  "gives the earlier task while that has not ended": "moto deletes at once",
  "knows no deletion task of another id": "moto says SUCCEEDED to every id",
  "reports no service where a role was never used": "moto has no service last accessed data",
  "refuses every call on a policy of AWS's own": "moto changes AWS's own policies like any other",
};

withEmulators("IAM as moto and the recorder keep it, through the SDK", (services) => {
  describeIamAccount("moto behind the recorder", {
    async open() {
      const client = new IAMClient(clientSettingsFor(services().recorder.endpoint));
      return {
        account,
        reader: createRoleReader(client, { account, partition: "aws" }),
        writer: createRoleWriter(client),
        keeper: createLinkedRoleKeeper(client),
        pass: () => {},
        async call(call) {
          try {
            await sendCall(client, call);
            return { status: "done" };
          } catch (error) {
            if (!(error instanceof IAMServiceException)) throw error;
            return { status: "refused", code: codeOf(error), message: error.message };
          }
        },
        close: async () => client.destroy(),
      };
    },
    differs,
  });
});

// The SDK names its classes as the model names the shapes; on the wire the code has no suffix.
function codeOf({ name }: IAMServiceException): string {
  return name.replace(/Exception$/, "");
}
