import { type Command, parseOptions, UsageError } from "../command.ts";

/** `template`: prints CloudFormation templates for other accounts than the guarded one. */
export const template: Command = {
  help: `Prints a CloudFormation template for another account than the guarded one.

Usage: drift-guard template --hub-forwarding --account ID [--region REGION]

  --hub-forwarding   for the administrator account of Security Hub: forwards
                     custom actions on the guard's findings to the guard
  --account ID       the guarded account, 12 digits
  --region REGION    the guard's region (default: us-east-1)

Deploy the template in the Region in which people choose the actions: the home
Region of Security Hub, or else the guard's.

The guarded account must let the administrator account put events on its default
bus. Run there, once:

  aws events put-permission --region REGION --action events:PutEvents \\
    --principal ADMINISTRATOR --statement-id drift-guard-hub
`,
  async run(args, terminal) {
    const values = parseOptions("template", args, {
      "hub-forwarding": { type: "boolean", default: false },
      account: { type: "string", value: "an ID" },
      region: { type: "string", value: "a REGION", default: "us-east-1" },
    });
    const { account = "", region } = values;
    if (!values["hub-forwarding"]) throw new UsageError("template needs --hub-forwarding.");
    if (!/^\d{12}$/.test(account))
      throw new UsageError("--account needs the 12 digits of the guarded account.");
    if (!/^[a-z]{2,4}(?:-[a-z]+)+-\d+$/.test(region))
      throw new UsageError("--region needs a Region, such as us-east-1.");
    const { renderHubForwarding } = await import("@drift-guard/infra/template/hub-forwarding");
    await terminal.print(renderHubForwarding({ account, region }));
    return 0;
  },
};
