/** A known way to further permissions: a principal that may make all of these calls can take those of another one. */
export interface EscalationPath {
  readonly actions: readonly string[];
  /** The service that a role is passed to, where one of the actions is `iam:PassRole`. */
  readonly passedTo?: string;
  /** The page that describes it. */
  readonly source: string;
}

// pathfinding.cloud: id, then the actions. Left out are paths that add actions to another one, and batch-002, which is
// batch:SubmitJob alone: jobs that submit jobs are ordinary work, and run only what somebody registered.
const catalogued = `
iam-001 iam:CreatePolicyVersion
iam-002 iam:CreateAccessKey
iam-004 iam:CreateLoginProfile
iam-005 iam:PutRolePolicy
iam-006 iam:UpdateLoginProfile
iam-007 iam:PutUserPolicy
iam-008 iam:AttachUserPolicy
iam-009 iam:AttachRolePolicy
iam-010 iam:AttachGroupPolicy
iam-011 iam:PutGroupPolicy
iam-012 iam:UpdateAssumeRolePolicy
iam-013 iam:AddUserToGroup
sts-001 sts:AssumeRole
ssm-001 ssm:StartSession
ssm-002 ssm:SendCommand
ec2instanceconnect-003 ec2-instance-connect:SendSSHPublicKey
lambda-003 lambda:UpdateFunctionCode
glue-002 glue:UpdateDevEndpoint
codebuild-002 codebuild:StartBuild
codebuild-003 codebuild:StartBuildBatch
apprunner-002 apprunner:UpdateService
cloudformation-002 cloudformation:UpdateStack
cloudformation-005 cloudformation:CreateChangeSet cloudformation:ExecuteChangeSet
sagemaker-004 sagemaker:CreatePresignedNotebookInstanceUrl
sagemaker-005 sagemaker:CreateNotebookInstanceLifecycleConfig sagemaker:StopNotebookInstance sagemaker:UpdateNotebookInstance sagemaker:StartNotebookInstance
bedrock-002 bedrock-agentcore:StartCodeInterpreterSession bedrock-agentcore:InvokeCodeInterpreter
ec2-002 ec2:ModifyInstanceAttribute ec2:StopInstances ec2:StartInstances
ec2-004 ec2:CreateLaunchTemplateVersion ec2:ModifyLaunchTemplate
ec2-001 iam:PassRole ec2:RunInstances
ec2-003 iam:PassRole ec2:RequestSpotInstances
ecs-003 iam:PassRole ecs:RegisterTaskDefinition ecs:CreateService
ecs-008 iam:PassRole ecs:RunTask
ecs-009 iam:PassRole ecs:StartTask
lambda-001 iam:PassRole lambda:CreateFunction lambda:InvokeFunction
lambda-002 iam:PassRole lambda:CreateFunction lambda:CreateEventSourceMapping
lambda-006 iam:PassRole lambda:CreateFunction lambda:AddPermission
glue-001 iam:PassRole glue:CreateDevEndpoint
glue-003 iam:PassRole glue:CreateJob glue:StartJobRun
glue-004 iam:PassRole glue:CreateJob glue:CreateTrigger
glue-005 iam:PassRole glue:UpdateJob glue:StartJobRun
glue-006 iam:PassRole glue:UpdateJob glue:CreateTrigger
codebuild-001 iam:PassRole codebuild:CreateProject codebuild:StartBuild
codebuild-004 iam:PassRole codebuild:CreateProject codebuild:StartBuildBatch
cloudformation-001 iam:PassRole cloudformation:CreateStack
cloudformation-003 iam:PassRole cloudformation:CreateStackSet cloudformation:CreateStackInstances
cloudformation-004 iam:PassRole cloudformation:UpdateStackSet
sagemaker-001 iam:PassRole sagemaker:CreateNotebookInstance
sagemaker-002 iam:PassRole sagemaker:CreateTrainingJob
sagemaker-003 iam:PassRole sagemaker:CreateProcessingJob
batch-001 iam:PassRole batch:RegisterJobDefinition batch:SubmitJob
datapipeline-001 iam:PassRole datapipeline:CreatePipeline datapipeline:PutPipelineDefinition datapipeline:ActivatePipeline
apprunner-001 iam:PassRole apprunner:CreateService
bedrock-001 iam:PassRole bedrock-agentcore:CreateCodeInterpreter bedrock-agentcore:StartCodeInterpreterSession bedrock-agentcore:InvokeCodeInterpreter
braket-001 iam:PassRole braket:CreateJob
codedeploy-001 codedeploy:CreateDeployment codedeploy:RegisterApplicationRevision codedeploy:GetDeploymentConfig
cognitoidentity-001 iam:PassRole cognito-identity:SetIdentityPoolRoles
emr-001 iam:PassRole elasticmapreduce:RunJobFlow
emrserverless-001 iam:PassRole emr-serverless:CreateApplication emr-serverless:StartJobRun
gamelift-001 iam:PassRole gamelift:CreateBuild gamelift:CreateFleet gamelift:RequestUploadCredentials
glue-007 iam:PassRole glue:CreateSession glue:RunStatement
imagebuilder-001 iam:PassRole imagebuilder:CreateComponent imagebuilder:CreateImageRecipe imagebuilder:CreateInfrastructureConfiguration imagebuilder:CreateImage
kinesisanalytics-001 iam:PassRole kinesisanalytics:CreateApplication kinesisanalytics:StartApplication
omics-001 iam:PassRole omics:CreateWorkflow omics:StartRun s3:GetObject
scheduler-001 iam:PassRole scheduler:CreateSchedule
ssm-003 iam:PassRole ssm:CreateDocument ssm:StartAutomationExecution
stepfunctions-001 iam:PassRole states:CreateStateMachine states:StartExecution
stepfunctions-002 states:UpdateStateMachine states:StartExecution
sso-002 sso:AttachManagedPolicyToPermissionSet
sso-003 sso:PutInlinePolicyToPermissionSet`;

// Where the principal of a service differs from the prefix of its actions.
const principals: Readonly<Record<string, string>> = {
  apprunner: "tasks.apprunner.amazonaws.com",
  autoscaling: "ec2.amazonaws.com",
  batch: "ecs-tasks.amazonaws.com",
  ecs: "ecs-tasks.amazonaws.com",
  imagebuilder: "ec2.amazonaws.com",
};

const rhino = "https://github.com/RhinoSecurityLabs/AWS-IAM-Privilege-Escalation";
const boundaries = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html";
const prowler =
  "https://github.com/prowler-cloud/prowler/blob/master/prowler/providers/aws/services/iam/lib/privilege_escalation.py";
const elastic =
  "https://www.elastic.co/guide/en/security/current/prebuilt-rule-8-19-23-aws-ec2-instance-profile-associated-with-running-instance.html";

/** The known paths of privilege escalation, each with its source. */
export const escalationPaths: readonly EscalationPath[] = [
  ...catalogued
    .trim()
    .split("\n")
    .map((line) => {
      const [id = "", ...actions] = line.split(" ");
      return pathOf(actions, `https://pathfinding.cloud/paths/${id}`);
    }),
  pathOf(["iam:SetDefaultPolicyVersion"], rhino),
  pathOf(["lambda:UpdateFunctionConfiguration"], rhino),
  pathOf(["codestar:CreateProjectFromTemplate"], rhino),
  pathOf(["iam:PassRole", "codestar:CreateProject"], rhino),
  pathOf(
    ["ecs:ExecuteCommand", "ecs:DescribeTasks"],
    "https://github.com/salesforce/cloudsplaining/blob/master/cloudsplaining/shared/constants.py",
  ),
  pathOf(["iam:DeleteRolePermissionsBoundary"], boundaries),
  pathOf(["iam:DeleteUserPermissionsBoundary"], boundaries),
  // To replace a boundary by a wider one is to delete it.
  pathOf(["iam:PutRolePermissionsBoundary"], boundaries),
  pathOf(["iam:PutUserPermissionsBoundary"], boundaries),
  pathOf(["iam:PassRole", "ec2:AssociateIamInstanceProfile"], elastic),
  pathOf(["iam:PassRole", "ec2:ReplaceIamInstanceProfileAssociation"], elastic),
  pathOf(
    ["iam:PassRole", "autoscaling:CreateAutoScalingGroup", "autoscaling:CreateLaunchConfiguration"],
    prowler,
  ),
  pathOf(
    ["iam:PassRole", "autoscaling:UpdateAutoScalingGroup", "autoscaling:CreateLaunchConfiguration"],
    prowler,
  ),
  pathOf(["bedrock-agentcore:InvokeAgentRuntimeCommand"], prowler),
  pathOf(
    ["bedrock-agentcore:StartBrowserSession", "bedrock-agentcore:ConnectBrowserAutomationStream"],
    prowler,
  ),
  pathOf(
    ["organizations:LeaveOrganization"],
    "https://stratus-red-team.cloud/attack-techniques/AWS/aws.defense-evasion.organizations-leave/",
  ),
];

function pathOf(actions: readonly string[], source: string): EscalationPath {
  const service = actions.find((action) => !action.startsWith("iam:"))?.split(":")[0];
  const passedTo =
    actions.includes("iam:PassRole") && service !== undefined
      ? (principals[service] ?? `${service}.amazonaws.com`)
      : undefined;
  return { actions, source, ...(passedTo !== undefined && { passedTo }) };
}
