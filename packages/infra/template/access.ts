import * as z from "zod";
import type { Json } from "../synth/synthesis.ts";
import { defined, policy, type Translate } from "./translation.ts";

const Role = z.strictObject({
  name: z.string().optional(),
  description: z.string().optional(),
  assumeRolePolicy: policy,
  inlinePolicies: z.array(z.strictObject({ name: z.string(), policy })),
  managedPolicyArns: z.array(z.string()).optional(),
});

/** Translates a role. */
export const translateRole: Translate = ({ inputs, outputs }) => {
  const role = Role.parse(inputs);
  return {
    type: "AWS::IAM::Role",
    own: defined({ RoleName: outputs.name }),
    properties: defined({
      AssumeRolePolicyDocument: role.assumeRolePolicy,
      Description: role.description,
      ManagedPolicyArns: role.managedPolicyArns,
      Policies: role.inlinePolicies.map(
        ({ name, policy }): Json => ({ PolicyName: name, PolicyDocument: policy }),
      ),
    }),
  };
};
