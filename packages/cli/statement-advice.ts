// IAM names the kind of policy that denied a call where an Allow alone does not help.
const otherPolicies =
  /explicit deny|(?:service|resource) control polic|session polic|permissions boundary|VPC endpoint polic/i;

/**
 * Says which statements to ask for after IAM denied a call, with the statements as JSON that can be pasted into a policy.
 * `answer` is IAM's message.
 */
export function formatStatementAdvice(answer: string, statements: readonly object[]): string {
  const [first, ...others] = statements;
  const text = JSON.stringify(others.length === 0 ? first : statements, undefined, 2);
  const which = others.length === 0 ? "this statement" : "these statements";
  const more = otherPolicies.test(answer)
    ? ` The answer names another policy that must allow the call too: ${which} alone ${others.length === 0 ? "is" : "are"} not enough.`
    : "";
  return `Ask for ${which} in the permissions policy of the identity that made the call.${more}\n${text}`;
}
