import type { FixStep } from "@drift-guard/core/model/fix";
import { iamRegionOf } from "@drift-guard/core/model/iam-region";
import { defang, sanitise } from "./printable.ts";

/** A step of a fix or rollback in words: `attach arn:aws:iam::aws:policy/… to AWSBatchServiceRole`. */
export function formatStep(step: FixStep): string {
  const role = sanitise(step.role);
  switch (step.call) {
    case "iam:AttachRolePolicy":
      return `attach ${sanitise(step.policyArn)} to ${role}`;
    case "iam:DetachRolePolicy":
      return `detach ${sanitise(step.policyArn)} from ${role}`;
    case "iam:PutRolePolicy":
      return `write the inline policy ${sanitise(step.policyName)} of ${role}`;
    case "iam:DeleteRolePolicy":
      return `delete the inline policy ${sanitise(step.policyName)} of ${role}`;
    case "iam:UpdateAssumeRolePolicy":
      return `replace the trust policy of ${role}`;
    case "iam:CreateRole":
      return `create ${role} at the path ${sanitise(step.path)}${step.boundary === undefined ? "" : `, under the boundary ${sanitise(step.boundary)}`}${formatSettings(step)}`;
    case "iam:CreateServiceLinkedRole":
      return `create the service-linked role of ${sanitise(step.service)}`;
    case "iam:PutRolePermissionsBoundary":
      return `make ${sanitise(step.policyArn)} the permissions boundary of ${role}`;
    case "iam:DeleteRolePermissionsBoundary":
      return `remove the permissions boundary of ${role}`;
    case "iam:SetDefaultPolicyVersion":
      return `make ${sanitise(step.versionId)} the default version of ${sanitise(step.policyArn)}`;
    case "iam:CreatePolicyVersion":
      return `create a version of ${sanitise(step.policyArn)} and make it the default`;
    case "iam:DeletePolicyVersion":
      return `delete version ${sanitise(step.versionId)} of ${sanitise(step.policyArn)}`;
    case "iam:UpdateRole":
      return `set description and maximum session of ${role}`;
    case "iam:TagRole":
      return `set the tag ${sanitise(step.key)} of ${role}`;
    case "iam:UntagRole":
      return `remove the tag ${sanitise(step.key)} of ${role}`;
    case "iam:AddRoleToInstanceProfile":
      return `add ${role} to the instance profile ${sanitise(step.profile)}`;
  }
}

/**
 * Returns a step as shell commands that a person pastes: each on one line, with every argument quoted for a POSIX shell.
 * Undefined if an argument has characters that cannot be printed, which no name in IAM has.
 */
export function formatStepCommands(step: FixStep, partition = "aws"): readonly string[] | undefined {
  // The default region of the reader's profile may lie in another partition.
  const region = partition === "aws" ? [] : ["--region", iamRegionOf(partition)];
  const calls = listCalls(step);
  const [guard, ...rest] = calls;
  const values = calls.flatMap(({ options }) => Object.values(options));
  if (!guard || !values.every((value) => value !== undefined && isPrintable(value))) return undefined;
  const format = ({ name, options, flags = [] }: CliCall) =>
    ["aws", "iam", name, ...Object.entries(options).flatMap(formatOption), ...flags, ...region]
      .map(quoteArgument)
      .join(" ");
  if (step.call !== "iam:AddRoleToInstanceProfile") return calls.map(format);
  const [create, ...others] = rest;
  return create
    ? [`${format(guard)} > /dev/null 2>&1 || ${format(create)}`, ...others.map(format)]
    : undefined;
}

/** A call of `aws iam`. The value of an option is undefined if a document is not JSON. */
interface CliCall {
  readonly name: string;
  readonly options: Readonly<Record<`--${string}`, string | undefined>>;
  /** Options without a value. */
  readonly flags?: readonly string[];
}

// Names in IAM may begin with a hyphen, and the AWS CLI takes such an argument for an option.
function formatOption([option, value = ""]: readonly [string, string | undefined]): readonly string[] {
  return value.startsWith("-") ? [`${option}=${value}`] : [option, value];
}

function formatSettings({
  description,
  maxSession,
  tags,
}: Extract<FixStep, { call: "iam:CreateRole" }>): string {
  const names = [
    ...(description === undefined ? [] : ["description"]),
    ...(maxSession === undefined ? [] : ["maximum session"]),
    ...(tags ? ["tags"] : []),
  ];
  return names.length === 0 ? "" : `, with its ${names.join(", ")}`;
}

// JSON, since the short form of a list ends a value at a comma.
function formatTags(tags: readonly (readonly [string, string])[]): string {
  return JSON.stringify(tags.map(([Key, Value]) => ({ Key, Value })));
}

function listCalls(step: FixStep): readonly CliCall[] {
  const role = { "--role-name": step.role };
  switch (step.call) {
    case "iam:AttachRolePolicy":
      return [{ name: "attach-role-policy", options: { ...role, "--policy-arn": step.policyArn } }];
    case "iam:DetachRolePolicy":
      return [{ name: "detach-role-policy", options: { ...role, "--policy-arn": step.policyArn } }];
    case "iam:PutRolePolicy": {
      const document = { "--policy-document": formatDocument(step.document) };
      return [
        { name: "put-role-policy", options: { ...role, "--policy-name": step.policyName, ...document } },
      ];
    }
    case "iam:DeleteRolePolicy":
      return [{ name: "delete-role-policy", options: { ...role, "--policy-name": step.policyName } }];
    case "iam:UpdateAssumeRolePolicy": {
      const document = { "--policy-document": formatDocument(step.document) };
      return [{ name: "update-assume-role-policy", options: { ...role, ...document } }];
    }
    case "iam:CreateRole": {
      const trust = { "--assume-role-policy-document": formatDocument(step.document) };
      const settings = {
        ...(step.boundary !== undefined && { "--permissions-boundary": step.boundary }),
        ...(step.description !== undefined && { "--description": step.description }),
        ...(step.maxSession !== undefined && { "--max-session-duration": String(step.maxSession) }),
        ...(step.tags && { "--tags": formatTags(Object.entries(step.tags)) }),
      };
      return [{ name: "create-role", options: { ...role, "--path": step.path, ...trust, ...settings } }];
    }
    case "iam:CreateServiceLinkedRole":
      return [{ name: "create-service-linked-role", options: { "--aws-service-name": step.service } }];
    case "iam:PutRolePermissionsBoundary": {
      const boundary = { "--permissions-boundary": step.policyArn };
      return [{ name: "put-role-permissions-boundary", options: { ...role, ...boundary } }];
    }
    case "iam:DeleteRolePermissionsBoundary":
      return [{ name: "delete-role-permissions-boundary", options: role }];
    case "iam:SetDefaultPolicyVersion":
      return [{ name: "set-default-policy-version", options: versionOf(step) }];
    case "iam:CreatePolicyVersion": {
      const document = { "--policy-document": formatDocument(step.document) };
      const options = { "--policy-arn": step.policyArn, ...document };
      return [{ name: "create-policy-version", options, flags: ["--set-as-default"] }];
    }
    case "iam:DeletePolicyVersion":
      return [{ name: "delete-policy-version", options: versionOf(step) }];
    case "iam:UpdateRole": {
      const duration = { "--max-session-duration": String(step.maxSession) };
      return [{ name: "update-role", options: { ...role, "--description": step.description, ...duration } }];
    }
    case "iam:TagRole": {
      const tags = { "--tags": formatTags([[step.key, step.value]]) };
      return [{ name: "tag-role", options: { ...role, ...tags } }];
    }
    case "iam:UntagRole":
      return [{ name: "untag-role", options: { ...role, "--tag-keys": JSON.stringify([step.key]) } }];
    case "iam:AddRoleToInstanceProfile": {
      const profile = { "--instance-profile-name": step.profile };
      return [
        { name: "get-instance-profile", options: profile },
        { name: "create-instance-profile", options: profile },
        { name: "add-role-to-instance-profile", options: { ...profile, ...role } },
      ];
    }
  }
}

function versionOf({
  policyArn,
  versionId,
}: {
  readonly policyArn: string;
  readonly versionId: string;
}): CliCall["options"] {
  return { "--policy-arn": policyArn, "--version-id": versionId };
}

/** Returns a document as JSON on one line, with unprintable characters escaped; undefined if it is not JSON. */
function formatDocument(text: string): string | undefined {
  try {
    // A slash that is escaped keeps mail programs from making a link of it.
    const json = JSON.stringify(JSON.parse(text)).replaceAll("://", ":\\/\\/");
    return json.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) =>
      [...Array(character.length).keys()]
        .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`)
        .join(""),
    );
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isPrintable(argument: string): boolean {
  return sanitise(argument, Number.POSITIVE_INFINITY) === argument;
}

/**
 * Quotes one argument for a POSIX shell and zsh, whole. An unprintable character is shown as an escape: a newline would end
 * a pasted command. An address of the web is quoted in two pieces, so that no program makes a link of it.
 */
export function quoteArgument(argument: string): string {
  const shown = sanitise(argument, Number.POSITIVE_INFINITY);
  // zsh replaces `=name` by the path of a program.
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(shown) && defang(shown) === shown) return shown;
  const quoted = shown.replaceAll("'", `'\\''`);
  return `'${quoted.replaceAll("://", ":''//").replaceAll(/\b(www)\./gi, "$1''.")}'`;
}
