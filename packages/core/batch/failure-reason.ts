/**
 * What a reason is about. `permission`: AWS denied a call. `role`: a role, an instance profile or credentials are absent
 * or unusable. `missing`: another resource is absent, or has other content than expected.
 */
type FailureCause =
  | "permission"
  | "role"
  | "network"
  | "missing"
  | "image"
  | "file-system"
  | "capacity"
  | "container";

interface KnownReason {
  readonly cause: FailureCause;
  /** What AWS prints. Every pattern must match; each takes linear time. */
  readonly prints: readonly RegExp[];
  /** A page or report that has the text. */
  readonly source: string;
}

const ecs = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide";
const batch = "https://docs.aws.amazon.com/batch/latest/userguide";
const commonErrors = "https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html";

// The first row that matches decides. Denials come first: the text around them can mention a network or an image.
const knownReasons: readonly KnownReason[] = [
  {
    // An error code stands at the start of a word. Names of secrets, roles and images can contain the same text.
    cause: "permission",
    prints: [/not authori[sz]ed to perform|(?<![\w:/.@=-])\w{0,40}AccessDenied(?:Exception)?\b(?![/-])/],
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
  },
  {
    cause: "permission",
    prints: [/UnauthorizedOperation|UnauthorizedAccess|ServiceLinkedRoleCreationNotPermitted/],
    source: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
  },
  {
    cause: "permission",
    prints: [/MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS|service role has a permission issue/i],
    source: `${batch}/job_stuck_in_runnable_misconfiguration.html`,
  },
  {
    // Not the ARN of a session, `assumed-role/NAME/SESSION`, and not the name of an image.
    cause: "permission",
    prints: [/\bassum(?:e|ing) [a-z ]{0,40}\brole\b|\brole\b.{0,300} be assumed\b/i],
    source: "https://github.com/boto/boto3/issues/1878",
  },
  {
    cause: "permission",
    prints: [/Check that the role has the permissions to pull images/i],
    source: `${ecs}/task_cannot_pull_image.html`,
  },
  {
    // Amazon ECR refuses the role. Other registries do not know roles, and answer so for an image that is not there.
    cause: "permission",
    prints: [
      /\.dkr\.ecr[.-]/,
      /pull access denied|no basic auth credentials|\b403 Forbidden\b|\b401 Unauthorized\b|authorization token/i,
    ],
    source: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html",
  },
  {
    // EFS checks the job's role where the volume has IAM authorisation, and the file system's policy.
    cause: "permission",
    prints: [/access denied by server while mounting/i],
    source: "https://github.com/aws-samples/aws-cdk-examples/issues/920",
  },
  {
    cause: "role",
    prints: [
      /NoCredentialProviders|UnrecognizedClient|InvalidClientTokenId|ExpiredToken|security token included/,
    ],
    source: commonErrors,
  },
  {
    // The AWS SDK for Go asks the instance's metadata for a role. Without the 404, it did not reach the metadata.
    cause: "role",
    prints: [/no EC2 IMDS role found/, /StatusCode: 404/],
    source: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html",
  },
  {
    cause: "role",
    prints: [/instance ?profile/i, /invalid|not exist|not found|cannot be found/i],
    source: `${batch}/batch_eks_invalid_compute_environment.html`,
  },
  {
    cause: "role",
    prints: [
      /role with name .{1,80} cannot be found|role is not valid|invalid (?:iam )?role|\brole\/[\w+=,.@/-]{1,600} (?:is (?:invalid|not valid)|does not exist|cannot be found)/i,
    ],
    source: "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html",
  },
  {
    cause: "role",
    prints: [/execution role|service ?-?linked role|iam ?fleet ?role|spot ?fleet role/i],
    source: `${batch}/invalid_compute_environment.html`,
  },
  {
    cause: "network",
    prints: [
      /i\/o timeout|connection issue|network (?:configuration|connection)|context (?:deadline exceeded|canceled)|request canceled|RequestCanceled|send request failed|dial tcp|Client\.Timeout|TLS handshake timeout|no such host|maximum number of attempts/i,
    ],
    source: `${ecs}/verify-connectivity.html`,
  },
  {
    cause: "file-system",
    prints: [/EFS utils|mount\.nfs4/],
    source: `${ecs}/resource-initialization-error.html`,
  },
  {
    cause: "missing",
    prints: [
      /log group (?:does not exist|defined in)|ResourceNotFoundException|can't find the specified secret|did not contain json key|looking for beginning of value|invalid (?:ssm )?parameters|ParameterNotFound/,
    ],
    source: `${ecs}/resource-not-found-error.html`,
  },
  {
    cause: "image",
    prints: [
      /Not authorized for images|CannotPull\w*Error|manifest unknown|pull access denied|ImagePullBackOff|ErrImagePull/,
    ],
    source: `${ecs}/task_cannot_pull_image.html`,
  },
  {
    cause: "capacity",
    prints: [
      /\b(?:CAPACITY|MISCONFIGURATION|ACTION_REQUIRED|UNDETERMINED)\b|Host EC2 .{0,60}terminated|SpotInterruption/,
    ],
    source: `${batch}/job_stuck_in_runnable.html`,
  },
  {
    cause: "container",
    prints: [
      /Cannot(?:Start|Create|Inspect|Stop)ContainerError|OutOfMemory|Essential container|DockerTimeout/,
    ],
    source: `${ecs}/stopped-task-error-codes.html`,
  },
];

const denial = /access (?:is |was )?denied|not authori[sz]ed|\bforbidden\b/i;

/**
 * Whether a reason that AWS prints for a failure is about a role or a permission. A text that is in no row of the table is
 * one only if it says that access was denied. Reads the first 4,096 characters.
 */
export function isPermissionTrouble(reason: string): boolean {
  const text = reason.slice(0, 4096);
  const known = knownReasons.find(({ prints }) => prints.every((pattern) => pattern.test(text)));
  switch (known?.cause) {
    case "permission":
    case "role":
      return true;
    case undefined:
      return denial.test(text);
    default:
      return false;
  }
}
