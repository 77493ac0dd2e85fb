import * as z from "zod";
import type { JsonValue } from "../synth/synthesis.ts";
import { omitUndefined, policyDocument, type Translate } from "./translation.ts";

const Role = z.strictObject({
  name: z.string(),
  description: z.string().optional(),
  assumeRolePolicy: policyDocument,
  inlinePolicies: z.array(z.strictObject({ name: z.string(), policy: policyDocument })),
  managedPolicyArns: z.array(z.string()).optional(),
});

const ManagedPolicy = z.strictObject({ name: z.string(), description: z.string(), policy: policyDocument });

/** Translates a managed policy. */
export const translatePolicy: Translate = ({ inputs }) => {
  const { name, description, policy } = ManagedPolicy.parse(inputs);
  return {
    type: "AWS::IAM::ManagedPolicy",
    verbatim: { ManagedPolicyName: name },
    properties: { Description: description, PolicyDocument: policy },
  };
};

/** Translates a role. */
export const translateRole: Translate = ({ inputs, outputs }) => {
  const role = Role.parse(inputs);
  return {
    type: "AWS::IAM::Role",
    verbatim: omitUndefined({ RoleName: outputs.name }),
    properties: omitUndefined({
      AssumeRolePolicyDocument: role.assumeRolePolicy,
      Description: role.description,
      ManagedPolicyArns: role.managedPolicyArns,
      Policies: role.inlinePolicies.map(
        ({ name, policy }): JsonValue => ({ PolicyName: name, PolicyDocument: policy }),
      ),
    }),
  };
};
