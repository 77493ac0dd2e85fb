import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isPermissionTrouble } from "@drift-guard/core/batch/failure-reason";

const ecs = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide";
const batch = "https://docs.aws.amazon.com/batch/latest/userguide";
const pulling =
  "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed:";

// Texts as AWS prints them, with the account ids of examples, and the page or report that has them.
const aboutRoles: readonly (readonly [reason: string, source: string])[] = [
  [
    "CLIENT_ERROR - User: batch.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/batch (Service: AWSSecurityTokenService; Status Code: 403; Error Code: AccessDenied; Proxy: null)",
    "https://github.com/hashicorp/terraform-provider-aws/pull/21281",
  ],
  [
    "CLIENT_ERROR - User: arn:aws:sts::123456789012:assumed-role/batch-service/aws-batch is not authorized to perform: ecs:DescribeClusters on resource: arn:aws:ecs:us-west-2:123456789012:cluster/c because no identity-based policy allows the ecs:DescribeClusters action (Service: AmazonECS; Status Code: 400; Error Code: AccessDeniedException; Proxy: null)",
    "https://github.com/hashicorp/terraform-provider-aws/pull/38050",
  ],
  [
    `${pulling} unable to retrieve secrets from ssm: service call has been retried 1 time(s): AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/ExecutionRole/f83b is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:eu-west-2:123456789012:parameter/GOOGLE_CLIENT_ID because no identity-based policy allows the ssm:GetParameters action status code: 400`,
    "https://github.com/aws/copilot-cli/issues/4504",
  ],
  [
    `${pulling} unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:us-east-1:123456789012:secret:db from secrets manager: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/ExecutionRole/a743 is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:us-east-1:123456789012:secret:db`,
    "https://github.com/aws/copilot-cli/issues/5752",
  ],
  [
    `${pulling} unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-EaPYTy from secrets manager: AccessDeniedException: Access to KMS is not allowed status code: 400`,
    "https://github.com/GiamPy5/terraform-aws-directus/issues/10",
  ],
  [
    "CannotPullECRContainerError: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/jobs is not authorized to perform: ecr:GetAuthorizationToken on r",
    "https://github.com/OvertureMaps/overture-tiles/pull/20",
  ],
  [
    "CannotPullContainerError: Error response from daemon: pull access denied for 123456789012.dkr.ecr.us-east-1.amazonaws.com/my_image, repository does not exist or may require 'docker login': denied: User: arn:aws:sts::123456789012:assumed-role/MyBrokenRole/xyz is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:123456789012:repository/test_image because no identity-based policy allows the ecr:BatchGetImage action",
    "https://github.com/aws/amazon-ecs-agent/blob/master/ecs-agent/api/errors/errors_test.go",
  ],
  [
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref 123456789123.dkr.ecr.us-east-1.amazonaws.com/repo:latest: pulling from host 123456789123.dkr.ecr.us-east-1.amazonaws.com failed with status code [manifests latest]: 403 Forbidden",
    "https://github.com/aws/aws-cdk/issues/29876",
  ],
  [
    "CannotPullContainerError: Error response from daemon: Get https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/newrelic/manifests/latest: no basic auth credentials",
    "https://github.com/aws-samples/amazon-ecs-firelens-examples/issues/28",
  ],
  [
    "The task can't pull the image. Check that the role has the permissions to pull images from the registry.",
    `${ecs}/task_cannot_pull_image.html`,
  ],
  [
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/ecs.task.minecraft-server/123456a999ee4b919...",
    "https://github.com/doctorray117/minecraft-ondemand/issues/12",
  ],
  [
    "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log group: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/amazon-ecs-cli-setup-EcsInstanceRole-1II7J9P4",
    "https://github.com/prakhar1989/docker-curriculum/issues/260",
  ],
  [
    "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: NoCredentialProviders: no valid providers in chain. Deprecated.",
    "https://github.com/docker-archive/for-aws/issues/127",
  ],
  [
    "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/ECSTaskRole' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.",
    "https://github.com/aws-samples/aws-modern-application-workshop/issues/88",
  ],
  [
    'Failed to pull image "123456789012.dkr.ecr.us-west-2.amazonaws.com/app:1": pulling from host 123456789012.dkr.ecr.us-west-2.amazonaws.com failed with status code [manifests 1]: 401 Unauthorized',
    "https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html",
  ],
  [
    "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
    "https://github.com/aws-solutions/distributed-load-testing-on-aws/issues/2",
  ],
  [
    "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: access denied by server while mounting fs-065b374f6a1a6b4c8.efs.us-east-1.amazonaws.com:/' : unsuccessful EFS utils command execution; code: 32",
    "https://github.com/aws-samples/aws-cdk-examples/issues/920",
  ],
  [
    "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS – Batch service role has a permission issue.",
    `${batch}/job_stuck_in_runnable_misconfiguration.html`,
  ],
  [
    "CLIENT_ERROR - Instance profile arn:aws:iam::123456789012:instance-profile/nodes does not exist",
    `${batch}/batch_eks_invalid_compute_environment.html`,
  ],
  [
    "CLIENT_ERROR - Value (ecsInstanceRole) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
    "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
  ],
  [
    "CLIENT_ERROR - You are not authorized to perform this operation. (Service: AmazonEC2; Status Code: 403; Error Code: UnauthorizedOperation)",
    "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
  ],
  [
    "CLIENT_ERROR - The role with name AWSBatchServiceRole cannot be found.",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html",
  ],
  [
    "The provided credentials do not have permission to create the service-linked role for EC2 Spot Instances.",
    "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html",
  ],
  [
    "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: operation error CloudWatch Logs: CreateLogStream, get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, http response error StatusCode: 404, request to EC2 IMDS failed",
    "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html",
  ],
  [
    `${pulling} unable to retrieve secret from asm: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/jobs/1 is not authorized to perform: secretsmanager:GetSecretValue on resource: connection-timeout with an explicit deny in a service control policy`,
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
  ],
  [
    "CLIENT_ERROR - Parameter: SpotFleetRequestConfig.IamFleetRole is invalid. (Service: AmazonEC2; Status Code: 400; Error Code: InvalidSpotFleetRequestConfig)",
    `${batch}/invalid_compute_environment.html`,
  ],
  [
    "CLIENT_ERROR - Access denied when attempting to assume role arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
    "https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html",
  ],
  [
    "ResourceInitializationError: failed to download env files: file download command: non empty error stream: failed to download file 1.env: failed to write to a temporary file: AccessDenied: Access Denied",
    "https://github.com/aws/aws-cdk/issues/12720",
  ],
];

const aboutOtherCauses: readonly (readonly [reason: string, source: string])[] = [
  [
    'ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration. RequestError: send request failed caused by: Post "https://api.ecr.eu-west-2.amazonaws.com/": dial tcp 10.0.0.1:443: i/o timeout',
    `${ecs}/resource-initialization-error.html`,
  ],
  [
    `${pulling} unable to retrieve secret from asm: service call has been retried 5 time(s): failed to fetch secret arn:aws:secretsmanager:us-west-2:123456789012:secret:DBPasswordSecret-x from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded. Please check your task network configuration.`,
    "https://github.com/Releem/releem-agent/issues/195",
  ],
  [
    "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. operation error ECR: GetAuthorizationToken, exceeded maximum number of attempts, 3, https response error StatusCode: 0, request send failed",
    `${ecs}/verify-connectivity.html`,
  ],
  [
    `${pulling} unable to retrieve secret from asm: service call has been retried 5 time(s): failed to fetch`,
    "https://github.com/aws-samples/dataops-platform-airflow-dbt/issues/12",
  ],
  [
    "The task cannot pull secrets from AWS Systems Manager Parameter Store. Check your network connection between the task and AWS Systems Manager.",
    `${ecs}/resource-initialization-error.html`,
  ],
  [
    "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch log group defined in the task definition. There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed",
    `${ecs}/resource-initialization-error.html`,
  ],
  [
    "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.",
    "https://github.com/prakhar1989/docker-curriculum/issues/260",
  ],
  [
    "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: RequestError: send request failed caused by: Post https://logs.us-east-2.amazonaws.com/: dial tcp 10.20.10.16:443: i/o time",
    "https://github.com/seqeralabs/nf-tower/issues/305",
  ],
  [
    `${pulling} unable to retrieve secret from asm: service call has been retried 1 time(s): retrieved secret from Secrets Manager did not contain json key MY_SECRET`,
    "https://github.com/aws/amazon-ecs-agent/blob/master/ecs-agent/asm/asm.go",
  ],
  [
    `${pulling} unable to retrieve secret from asm: service call has been retried 1 time(s): invalid character '\\'' looking for beginning of value`,
    "https://github.com/rileydakota/valheim-ecs-fargate-cdk/issues/9",
  ],
  [
    "ResourceInitializationError: unable to pull secrets or registry auth: ResourceNotFoundException: The task can't retrieve the secret with ARN 'arn:aws:secretsmanager:us-east-1:123456789012:secret:db' from AWS Secrets Manager. Check whether the secret exists in the specified Region",
    `${ecs}/resource-not-found-error.html`,
  ],
  [
    "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: mount.nfs4: Connection reset by peer : unsuccessful EFS utils command execution; code: 32",
    "https://github.com/docker-archive/compose-cli/issues/1490",
  ],
  [
    'ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve "fs-0867a83d8ed398433.efs.',
    "https://github.com/cn-terraform/terraform-aws-jenkins/issues/23",
  ],
  [
    "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: mounting fs-1.efs.eu-west-1.amazonaws.com:/grafana failed, reason given by server: No such file or directory' : unsuccessful EFS utils command execution; code: 32",
    "https://github.com/acp-io/terraform-grafana/issues/4",
  ],
  [
    "CannotPullContainerError: API error (404): repository 111122223333.dkr.ecr.us-east-1.amazonaws.com/repo/image not found",
    `${ecs}/task_cannot_pull_image.html`,
  ],
  [
    "CannotPullContainerError: API error (500): Get https://111122223333.dkr.ecr.us-east-1.amazonaws.com/v2/: net/http: request canceled while waiting for connection",
    `${ecs}/task_cannot_pull_image.html`,
  ],
  [
    "CannotPullContainerError: Check if image exists and role 'jobs' has permissions to pull images from Amazon ECR. Error response from daemon: pull access denied for some/nonsense, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    "https://github.com/aws/amazon-ecs-agent/blob/master/ecs-agent/api/errors/errors_test.go",
  ],
  [
    "CannotPullContainerError: API error (500): Get https://registry-1.docker.io/v2/library/amazonlinux/manifests/1: unauthorized: incorrect username or password",
    "https://github.com/aws/amazon-ecs-agent/blob/master/ecs-agent/api/errors/errors_test.go",
  ],
  [
    "CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'",
    `${ecs}/task_cannot_pull_image.html`,
  ],
  [
    "CannotPullContainerError: write /var/lib/docker/tmp/GetImageBlob111111111: no space left on device",
    `${ecs}/task_cannot_pull_image.html`,
  ],
  [
    "CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached your pull rate limit.",
    `${ecs}/task_cannot_pull_image.html`,
  ],
  [
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the job queue.",
    `${batch}/job_stuck_in_runnable_misconfiguration.html`,
  ],
  [
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for instance type [m5.large]",
    `${batch}/job_stuck_in_runnable_capacity.html`,
  ],
  [
    "ACTION_REQUIRED - CE(s) associated with the job queue are invalid.",
    `${batch}/job_stuck_in_runnable_invalid_ce.html`,
  ],
  [
    "CLIENT_ERROR - EKS Cluster version [2.yy] is unsupported",
    `${batch}/batch_eks_invalid_compute_environment.html`,
  ],
  ["CLIENT_ERROR - Clusters can not be blank.", "https://github.com/aws-samples/aws-batch-genomics/issues/9"],
  [
    'CannotStartContainerError: Error response from daemon: OCI runtime create failed: exec: "/entry.sh": permission denied',
    `${ecs}/cannot-start-container.html`,
  ],
  ["OutOfMemoryError: Container killed due to memory usage", `${ecs}/out-of-memory.html`],
  [
    "ResourceInitializationError: failed to download env files: file download command: non empty error stream: RequestCanceled: request context canceled caused by: context deadline exceeded",
    "https://github.com/aws/aws-cdk/issues/12720",
  ],
  [
    "CLIENT_ERROR - Not authorized for images: [ami-0123456789abcdef0] (Service: AmazonEC2; Error Code: AuthFailure)",
    "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
  ],
  [
    "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, request send failed, dial tcp 169.254.169.254:80: i/o timeout",
    "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html",
  ],
  [
    'CannotPullContainerError: inspect image has been retried 1 time(s): failed to resolve ref "docker.io/foo/bar:latest": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    `${ecs}/task_cannot_pull_image.html`,
  ],
  [
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ghcr.io/org/app:1: pulling from host ghcr.io failed with status code [manifests 1]: 403 Forbidden",
    `${ecs}/task_cannot_pull_image.html`,
  ],
  ["Essential container in task exited", `${ecs}/stopped-task-error-codes.html`],
  ["Host EC2 (instance i-0123456789abcdef0) terminated.", `${batch}/job_retries.html`],
];

describe("the reason of a failure", () => {
  for (const [reason, source] of aboutRoles) {
    it(`is about a role or a permission: "${reason.slice(0, 300)}" (${source})`, () =>
      assert.ok(isPermissionTrouble(reason)));
  }

  for (const [reason, source] of aboutOtherCauses) {
    it(`is about something else: "${reason.slice(0, 300)}" (${source})`, () =>
      assert.ok(!isPermissionTrouble(reason)));
  }

  it("is not about a permission because the name of a secret, parameter, role or image sounds like one", () => {
    const secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:AccessDeniedException";
    for (const reason of [
      `${pulling} failed to fetch secret ${secret}: ResourceNotFoundException: Secrets Manager can't find the specified secret.`,
      `${pulling} unable to retrieve secrets from ssm: invalid ssm parameters: /app/AccessDenied`,
      "User: arn:aws:sts::123456789012:assumed-role/AccessDenied/x: ThrottlingException: Rate exceeded",
      "CannotPullContainerError: manifest for 123456789012.dkr.ecr.us-east-1.amazonaws.com/assume/role:AccessDenied not found: manifest unknown",
    ])
      assert.ok(!isPermissionTrouble(reason), reason);
  });

  it("that no source has is about a permission only if it says that access was denied", () => {
    assert.ok(isPermissionTrouble("NewServiceError: access was denied by a policy"));
    assert.ok(isPermissionTrouble("NewServiceError: you are not authorised"));
    assert.ok(!isPermissionTrouble("NewServiceError: something went wrong"));
    const session = "arn:aws:sts::123456789012:assumed-role/jobs/1";
    assert.ok(!isPermissionTrouble(`ThrottlingException: User: ${session}: Rate exceeded`));
    assert.ok(!isPermissionTrouble(""));
  });
});
