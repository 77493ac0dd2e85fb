// Texts of AWS that name a role, a permission or an instance profile as the cause.
const troubles =
  /not authorized|AccessDenied|access denied|assume ?role|unable to (?:pull secrets|assume|get registry auth|fetch secret|retrieve secret)|ResourceInitializationError: (?:unable|failed) to|not authorised|instance ?profile|service ?-?linked role|(?:execution|job|task|service|instance|fleet) ?role|iam role|UnauthorizedOperation|UnrecognizedClient|InvalidClientToken|CannotPullContainerError.*(?:denied|403|authorization)/i;

/** Whether a reason that AWS Batch gives for a failure is about a role or a permission. Reads the first 4,096 characters. */
export function isPermissionTrouble(reason: string): boolean {
  return troubles.test(reason.slice(0, 4096));
}
