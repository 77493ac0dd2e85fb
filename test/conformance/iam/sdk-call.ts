import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  DeleteInstanceProfileCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DeleteServiceLinkedRoleCommand,
  DetachRolePolicyCommand,
  type IAMClient,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
  SetDefaultPolicyVersionCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
  UpdateRoleDescriptionCommand,
} from "@aws-sdk/client-iam";
import type { IamCall, PolicyCall, ProfileCall, RoleCall, Tag } from "@drift-guard/embedded/iam/call";

/** Makes a call to IAM through the SDK. Throws the SDK's errors. */
export async function sendIamCall(client: IAMClient, call: IamCall): Promise<void> {
  switch (call.call) {
    case "CreateServiceLinkedRole":
      await client.send(
        new CreateServiceLinkedRoleCommand({
          AWSServiceName: call.awsServiceName,
          Description: call.description,
          CustomSuffix: call.customSuffix,
        }),
      );
      break;
    case "DeleteServiceLinkedRole":
      await client.send(new DeleteServiceLinkedRoleCommand({ RoleName: call.roleName }));
      break;
    case "CreatePolicy":
    case "CreatePolicyVersion":
    case "SetDefaultPolicyVersion":
    case "DeletePolicyVersion":
    case "DeletePolicy":
      await sendPolicyCall(client, call);
      break;
    case "CreateInstanceProfile":
    case "DeleteInstanceProfile":
    case "AddRoleToInstanceProfile":
    case "RemoveRoleFromInstanceProfile":
      await sendProfileCall(client, call);
      break;
    default:
      await sendRoleCall(client, call);
  }
}

async function sendRoleCall(client: IAMClient, call: RoleCall): Promise<unknown> {
  const RoleName = call.roleName;
  switch (call.call) {
    case "CreateRole":
      return client.send(
        new CreateRoleCommand({
          RoleName,
          AssumeRolePolicyDocument: call.assumeRolePolicyDocument,
          Path: call.path,
          Description: call.description,
          MaxSessionDuration: call.maxSessionDuration,
          PermissionsBoundary: call.permissionsBoundary,
          Tags: call.tags?.map(asTag),
        }),
      );
    case "DeleteRole":
      return client.send(new DeleteRoleCommand({ RoleName }));
    case "UpdateRole": {
      const { description: Description, maxSessionDuration: MaxSessionDuration } = call;
      return client.send(new UpdateRoleCommand({ RoleName, Description, MaxSessionDuration }));
    }
    case "UpdateRoleDescription":
      return client.send(new UpdateRoleDescriptionCommand({ RoleName, Description: call.description }));
    case "UpdateAssumeRolePolicy":
      return client.send(
        new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: call.policyDocument }),
      );
    case "AttachRolePolicy":
      return client.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: call.policyArn }));
    case "DetachRolePolicy":
      return client.send(new DetachRolePolicyCommand({ RoleName, PolicyArn: call.policyArn }));
    case "PutRolePolicy": {
      const { policyName: PolicyName, policyDocument: PolicyDocument } = call;
      return client.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));
    }
    case "DeleteRolePolicy":
      return client.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: call.policyName }));
    case "PutRolePermissionsBoundary": {
      const { permissionsBoundary: PermissionsBoundary } = call;
      return client.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }));
    }
    case "DeleteRolePermissionsBoundary":
      return client.send(new DeleteRolePermissionsBoundaryCommand({ RoleName }));
    case "TagRole":
      return client.send(new TagRoleCommand({ RoleName, Tags: call.tags.map(asTag) }));
    case "UntagRole":
      return client.send(new UntagRoleCommand({ RoleName, TagKeys: [...call.tagKeys] }));
  }
}

async function sendPolicyCall(client: IAMClient, call: PolicyCall): Promise<unknown> {
  switch (call.call) {
    case "CreatePolicy":
      return client.send(
        new CreatePolicyCommand({
          PolicyName: call.policyName,
          PolicyDocument: call.policyDocument,
          Path: call.path,
          Description: call.description,
        }),
      );
    case "CreatePolicyVersion":
      return client.send(
        new CreatePolicyVersionCommand({
          PolicyArn: call.policyArn,
          PolicyDocument: call.policyDocument,
          SetAsDefault: call.setAsDefault,
        }),
      );
    case "SetDefaultPolicyVersion":
      return client.send(
        new SetDefaultPolicyVersionCommand({ PolicyArn: call.policyArn, VersionId: call.versionId }),
      );
    case "DeletePolicyVersion":
      return client.send(
        new DeletePolicyVersionCommand({ PolicyArn: call.policyArn, VersionId: call.versionId }),
      );
    case "DeletePolicy":
      return client.send(new DeletePolicyCommand({ PolicyArn: call.policyArn }));
  }
}

async function sendProfileCall(client: IAMClient, call: ProfileCall): Promise<unknown> {
  const InstanceProfileName = call.instanceProfileName;
  switch (call.call) {
    case "CreateInstanceProfile":
      return client.send(new CreateInstanceProfileCommand({ InstanceProfileName, Path: call.path }));
    case "DeleteInstanceProfile":
      return client.send(new DeleteInstanceProfileCommand({ InstanceProfileName }));
    case "AddRoleToInstanceProfile":
      return client.send(
        new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName: call.roleName }),
      );
    case "RemoveRoleFromInstanceProfile":
      return client.send(
        new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName: call.roleName }),
      );
  }
}

function asTag({ key, value }: Tag) {
  return { Key: key, Value: value };
}
