import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  GetInstanceProfileCommand,
  type IAMClient,
} from "@aws-sdk/client-iam";
import { StepRefusedError } from "@drift-guard/core/errors";
import type { BuildStep } from "@drift-guard/core/model/fix";
import type { RoleBuilder, StepReceipt } from "@drift-guard/core/ports";
import { runStepCall } from "./step-failure.ts";

/**
 * Creates a builder of roles. A role is created with its path, trust policy, boundary, description, maximum
 * session duration and tags in one call. To add a role to an
 * instance profile, the profile is looked up, created if there is none, and given the role; adding passes the role, so that
 * the caller needs `iam:PassRole` (docs/aws-facts.md, "IAM reads and writes"). Throws as `RoleBuilder` says.
 */
export function createRoleBuilder(client: IAMClient): RoleBuilder {
  return {
    build(step) {
      switch (step.call) {
        case "iam:CreateRole":
          return createRole(client, step);
        case "iam:AddRoleToInstanceProfile":
          return addToProfile(client, step);
      }
    },
  };
}

type CallOf<Call extends BuildStep["call"]> = Extract<BuildStep, { call: Call }>;

function createRole(
  client: IAMClient,
  { call, role, path, document, boundary, description, maxSession, tags }: CallOf<"iam:CreateRole">,
): Promise<StepReceipt> {
  const command = new CreateRoleCommand({
    RoleName: role,
    Path: path,
    AssumeRolePolicyDocument: document,
    PermissionsBoundary: boundary,
    Description: description,
    MaxSessionDuration: maxSession,
    Tags: tags && Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  });
  return runStepCall(call, role, client.send(command));
}

async function addToProfile(
  client: IAMClient,
  { call, role, profile }: CallOf<"iam:AddRoleToInstanceProfile">,
): Promise<StepReceipt> {
  const named = { InstanceProfileName: profile };
  const isThere = await ignoring(
    "NoSuchEntity",
    runStepCall("iam:GetInstanceProfile", role, client.send(new GetInstanceProfileCommand(named))),
  );
  // Where IAM does not show yet what it just created, the profile exists all the same.
  if (!isThere) {
    await ignoring(
      "EntityAlreadyExists",
      runStepCall("iam:CreateInstanceProfile", role, client.send(new CreateInstanceProfileCommand(named))),
    );
  }
  return runStepCall(
    call,
    role,
    client.send(new AddRoleToInstanceProfileCommand({ ...named, RoleName: role })),
  );
}

/** Returns whether a call was carried out, and not refused with the one code that is expected. */
async function ignoring(code: string, call: Promise<StepReceipt>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof StepRefusedError && error.code === code) return false;
    throw error;
  }
}
