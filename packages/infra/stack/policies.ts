/// <reference path="../../../.sst/platform/config.d.ts" />
import { nameIn, replaceable } from "./names.ts";

/** Creates a managed policy. `component` is its name in the stack, such as `RollbackPolicy1`. */
export function createPolicy(
  component: string,
  description: string,
  policy: $util.Input<string>,
): aws.iam.Policy {
  return new aws.iam.Policy(
    component,
    { name: nameIn("policy", component), description, policy },
    replaceable,
  );
}
