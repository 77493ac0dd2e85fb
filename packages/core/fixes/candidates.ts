import type { RoleUse } from "../batch/role-use.ts";
import type { WatchedRole } from "../config/watched-role.ts";
import { matchesAction } from "../evaluate/action-pattern.ts";
import { strictnessOf } from "../evaluate/evaluate.ts";
import { explainTooLarge, needsPolicyName, writeNeedsPolicy } from "../evaluate/needs-policy.ts";
import { parseIamArn } from "../model/arn.ts";
import { type Drift, deniesAdded } from "../model/evidence.ts";
import type { FixStep } from "../model/fix.ts";
import { isSamePart, partOf } from "../model/part.ts";
import { type Role, type RoleReading, sameRoleName } from "../model/role.ts";
import { joinDocuments, keepEffect, keepStatements, readDocument, withoutSids } from "../policy-json.ts";
import { localiseReference } from "../reference/built-in.ts";
import { requiredPolicyName } from "../rollback/repair.ts";
import { repairSetting } from "../rollback/settings-repair.ts";
import { addStatements, repairTrust } from "../rollback/trust-repair.ts";

/** Steps that may fix a drift and are not tried yet. */
export interface Candidate {
  readonly steps: readonly FixStep[];
  readonly warning?: string;
}

/** What may fix a drift, the best first, and what a person must do where nothing of it does. */
export interface Proposal {
  readonly candidates: readonly Candidate[];
  /** Sentences. */
  readonly otherwise: string;
}

/** The drift of a watched role. */
export interface ProposalQuestion {
  readonly drift: Drift;
  /** Every drift at the same part, this one included. */
  readonly samePart: readonly Drift[];
  readonly reading: RoleReading;
  readonly watched: Pick<WatchedRole, "name" | "guarded" | "reference" | "organization">;
  /** What AWS Batch uses the role for. */
  readonly uses: readonly RoleUse[];
  /** Whether AWS Batch was not read completely, so that the role may have other uses, with needs. Default: it was read. */
  readonly usesUnknown?: boolean;
  /** Why it is unknown what else the role must allow, as sentences. */
  readonly unknownNeeds: readonly string[];
  readonly partition: string;
}

const denyWarning =
  "It removes a Deny, which may contain an incident. Ask the person who added it before you run this.";

const needActions = [
  "secretsmanager:GetSecretValue",
  "ssm:GetParameters",
  "kms:Decrypt",
  "logs:CreateLogGroup",
];

/** Returns the warning before excess is removed that job definitions may need, if their needs are not all known (R45, R46). */
function warnOfNeeds({ drift, usesUnknown, unknownNeeds }: ProposalQuestion): readonly string[] {
  const mayBeNeeded = drift.grants.some(({ actions }) =>
    actions.some((pattern) => needActions.some((action) => matchesAction(pattern, action))),
  );
  if (!mayBeNeeded || !(usesUnknown || unknownNeeds.length > 0)) return [];
  const why = usesUnknown ? ["AWS Batch was not read completely."] : unknownNeeds.slice(0, maxUnknownNeeds);
  return [
    ...why,
    "Job definitions that need these secrets, parameters, keys or log groups stop working: find out whether there are any before you run this.",
  ];
}

// Cap on the output: more is noise.
const maxUnknownNeeds = 3;

/** Returns the warning that a fix of missing permissions may not hold all of them. */
function warnOfUnknownNeeds({ unknownNeeds }: ProposalQuestion): readonly string[] {
  return unknownNeeds.length === 0
    ? []
    : [
        "These commands may not be enough, because it is unknown what else the role must allow.",
        ...unknownNeeds.slice(0, maxUnknownNeeds),
      ];
}

/** Returns what may fix a drift. */
export function proposeFixes(question: ProposalQuestion): Proposal {
  const { reading, watched } = question;
  if (watched.reference.serviceLinked !== undefined) return proposeForLinkedRole(question);
  if (reading.status === "absent") return proposeCreation(question);
  const { role } = reading;
  if (role.path.startsWith("/aws-service-role/")) {
    return manual(`${role.name} is a service-linked role: only AWS may change it.`);
  }
  switch (question.drift.part.kind) {
    case "role":
      return manual(
        "IAM cannot move a role to another path, and takes no second role of its name. If what uses the role names its ARN, add the path to the role's paths in the configuration. Otherwise stop what uses it, delete it, and create it again at the right path.",
      );
    case "trust":
      return proposeTrust(question, role);
    case "managed":
      return proposeManaged(question, role, question.drift.part.name);
    case "inline":
      return proposeInline(question, role, question.drift.part.name);
    case "permissions":
      return proposePermissions(question, role);
    case "boundary":
      return proposeBoundary(question, role);
    case "profile":
      return proposeProfile(question, role);
    case "description":
    case "session":
    case "tag":
      return proposeSetting(question, role);
  }
}

function proposeBoundary({ drift: { part }, watched }: ProposalQuestion, role: Role): Proposal {
  const { boundary } = localiseReference(watched.reference, role.partition);
  const live = role.boundary.observed ? role.boundary.value : null;
  const base = { role: role.name, part };
  if (typeof boundary !== "object") {
    return {
      candidates: [
        {
          steps: [{ ...base, call: "iam:DeleteRolePermissionsBoundary" }],
          warning:
            "The boundary may contain an incident, or be required by your organisation. Ask the person who set it before you run this.",
        },
      ],
      otherwise:
        "Removing the permissions boundary would let the role do more than its reference allows. Fix what is excess first, and check again.",
    };
  }
  const { arn } = boundary;
  if (live?.arn === arn) {
    return manual(
      `The reference requires the permissions boundary ${arn}, and its document was changed. All roles that have this boundary share it: look at its versions (aws iam list-policy-versions), and set the version that equals the reference as default.`,
    );
  }
  return {
    candidates: [
      {
        steps: [{ ...base, call: "iam:PutRolePermissionsBoundary", policyArn: arn }],
        ...(live !== null && {
          warning: `It replaces the boundary ${live.arn}, which may contain an incident. Ask the person who set it before you run this.`,
        }),
      },
    ],
    otherwise: `The role would still differ with the permissions boundary ${arn}. Compare the policy's document with the reference.`,
  };
}

function proposeSetting({ drift: { part }, watched }: ProposalQuestion, role: Role): Proposal {
  const step = repairSetting(part, role, watched.reference);
  const isPrintable = step?.call !== "iam:UpdateRole" || isOneLine(step.description);
  return {
    candidates: step && isPrintable ? [{ steps: [step] }] : [],
    otherwise: "Set description, maximum session duration and tags of the role as in its reference, by hand.",
  };
}

// IAM takes tabs and line breaks in a description, and a command on one line has none.
function isOneLine(text: string): boolean {
  return !/[\t\n\r]/.test(text);
}

function manual(otherwise: string): Proposal {
  return { candidates: [], otherwise };
}

function proposeForLinkedRole({ reading, watched }: ProposalQuestion): Proposal {
  const { serviceLinked: service = "", path } = watched.reference;
  if (reading.status === "absent") {
    return {
      candidates: [{ steps: [{ role: reading.name, call: "iam:CreateServiceLinkedRole", service }] }],
      otherwise: `Create the service-linked role of ${service} again.`,
    };
  }
  return reading.role.path === path
    ? manual(
        `Only AWS may change a service-linked role, and no call of yours can attach, detach or write a policy of it. If it stays so, open a support case, or delete it with drift-guard slr and let ${service} create it again.`,
      )
    : manual(
        `This is another role of the same name, and IAM can neither rename it nor hold two of one name. Give what uses it another role and delete it; then ${service} can create its own.`,
      );
}

function proposeCreation({ reading, watched, uses, partition }: ProposalQuestion): Proposal {
  const { reference, guarded } = watched;
  const { trust, boundary, description, maxSession, tags } = localiseReference(reference, partition);
  const settings = {
    ...(typeof boundary === "object" && { boundary: boundary.arn }),
    ...(description && isOneLine(description) && { description }),
    ...(maxSession !== undefined && { maxSession }),
    ...(tags && Object.keys(tags).length > 0 && { tags }),
  };
  const name = reading.status === "absent" ? reading.name : watched.name;
  // Batch and ECS assume a role by its ARN, which holds the path (2.8, 2.9).
  const users = Map.groupBy(
    uses.flatMap(({ arn, otherAccount }) =>
      arn === undefined || otherAccount ? [] : (parseIamArn(arn)?.path ?? []),
    ),
    (path) => path,
  );
  const used = [...users].sort(([, some], [, others]) => others.length - some.length).map(([path]) => path);
  const expected = guarded.paths.includes("/") ? "/" : (guarded.paths[0] ?? "/");
  const paths = reference.path === undefined ? [...used, expected] : [reference.path];
  return {
    candidates: [...new Set(paths)].map((path) => ({
      steps: [{ role: name, call: "iam:CreateRole", path, document: trust, ...settings }],
    })),
    otherwise: `Create ${name} with the trust and the policies of its reference. Not all of it can be tried here.`,
  };
}

function proposeTrust({ drift, samePart, watched }: ProposalQuestion, role: Role): Proposal {
  const { trust } = localiseReference(watched.reference, role.partition);
  const isOn = (side: Drift["side"]) => samePart.some((one) => one.side === side);
  const repair =
    strictnessOf(watched.reference, watched.guarded).trust === "floor"
      ? { document: addStatements(role, trust, watched.organization), dropsCondition: false }
      : (repairTrust(
          role,
          trust,
          { remove: isOn("excess"), add: isOn("missing"), dropDenies: isOn("missing") },
          watched.organization,
        ) ?? repairTrust(role, trust, { remove: true, add: true, dropDenies: true }, watched.organization));
  const warnings = [
    ...(samePart.some((one) => deniesAdded(one).length > 0) ? [denyWarning] : []),
    ...(repair?.dropsCondition
      ? [
          "It removes a condition on the organisation, which may keep others from using the role. Set organization in the configuration, and check again, before you run this.",
        ]
      : []),
  ];
  const step = { role: role.name, part: drift.part, call: "iam:UpdateAssumeRolePolicy" } as const;
  return {
    candidates: repair ? [{ steps: [{ ...step, document: repair.document }], ...warn(warnings) }] : [],
    otherwise:
      "The reference's trust policy alone does not fix it. Compare both by eye, and write one that keeps every condition that you need.",
  };
}

function warn(warnings: readonly string[]): { readonly warning?: string } {
  return warnings.length === 0 ? {} : { warning: warnings.join(" ") };
}

function proposeManaged(question: ProposalQuestion, role: Role, arn: string): Proposal {
  const { drift, samePart, watched } = question;
  const { attachments, retired } = localiseReference(watched.reference, role.partition);
  const base = { role: role.name, part: drift.part };
  const isAttached = role.attached.some((policy) => policy.arn === arn);
  if (!isAttached) {
    // IAM attaches the policy of a service-linked role to nothing else.
    if (arn.includes(":policy/aws-service-role/")) {
      return manual(
        `IAM attaches ${arn} to a service-linked role only. Let the service's own role do this work, or correct the reference.`,
      );
    }
    return {
      candidates: [{ steps: [{ ...base, call: "iam:AttachRolePolicy", policyArn: arn }] }],
      otherwise: `Attaching ${arn} alone does not fix it: compare the policy's document with the reference.`,
    };
  }
  if (attachments.some((attachment) => attachment.arn === arn)) {
    return manual(
      `The reference requires ${arn}, and its document was changed. All roles that have it attached share it: look at its versions (aws iam list-policy-versions), and set the version that equals the reference as default.`,
    );
  }
  const isRetired = retired.some((policy) => policy.arn === arn);
  if (drift.side === "excess" && !isRetired && isOpen(question)) return leaveToOwner(question);
  const detach: FixStep = { ...base, call: "iam:DetachRolePolicy", policyArn: arn };
  // A retired policy stays until its replacement is attached (2.2).
  const replacements = isRetired
    ? attachments
        .filter((attachment) => !role.attached.some((policy) => policy.arn === attachment.arn))
        .map((attachment) => attach(role, attachment.arn))
    : [];
  return {
    candidates: [
      {
        steps: [...replacements, detach],
        ...warn([
          ...(samePart.some((one) => deniesAdded(one).length > 0) ? [denyWarning] : []),
          ...warnOfNeeds(question),
        ]),
      },
    ],
    otherwise: `Detaching ${arn} would take something away that the role needs. Attach or write a policy with what is needed first, and check again.`,
  };
}

function attach(role: Role, arn: string): FixStep {
  return {
    role: role.name,
    part: partOf(`managed:${arn}`),
    call: "iam:AttachRolePolicy",
    policyArn: arn,
  };
}

// Under an open ceiling, only grants that escalate are reported, and the owner decides about all others of the policy.
function isOpen({ watched: { reference, guarded } }: ProposalQuestion): boolean {
  return strictnessOf(reference, guarded).ceiling === "open";
}

function leaveToOwner({ drift }: ProposalQuestion): Proposal {
  return manual(
    `Only the owner of the role knows what it needs of ${drift.part.kind === "managed" ? "this policy" : "this inline policy"}: replace these grants by those on single resources, or remove them.`,
  );
}

function proposeInline(question: ProposalQuestion, role: Role, name: string): Proposal {
  const { drift, samePart } = question;
  const base = { role: role.name, part: drift.part, policyName: name };
  const text = role.inline.find((policy) => policy.name === name)?.text;
  if (text === undefined) return manual("Put the policy back with the document that it had.");
  if (drift.side === "excess" && isOpen(question)) return leaveToOwner(question);
  const hasDeny = samePart.some((one) => deniesAdded(one).length > 0);
  const hasExcess = samePart.some(({ side }) => side === "excess");
  const remove: FixStep = { ...base, call: "iam:DeleteRolePolicy" };
  // IAM takes no policy without statements.
  const write = (document: string): FixStep =>
    readDocument(document).Statement.length === 0 ? remove : { ...base, call: "iam:PutRolePolicy", document };
  const otherwise = `Removing it from ${name} would take something away that the role needs. Write what is needed into another policy first, and check again.`;
  if (drift.side === "excess") {
    const given = new Set(
      drift.grants.flatMap(({ statements }) =>
        statements.filter(({ document }) => document === 0).map(({ statement }) => statement),
      ),
    );
    const warning = warn(warnOfNeeds(question));
    return {
      candidates: [
        { steps: [write(keepStatements(text, (_, index) => !given.has(index)))], ...warning },
        // A Deny may contain an incident, so that it stays.
        { steps: [hasDeny ? write(keepEffect(text, "Deny")) : remove], ...warning },
      ],
      otherwise,
    };
  }
  return hasExcess
    ? manual(
        `${name} also allows too much, and its Deny may contain an incident. Fix the excess first, ask the person who added the Deny, and check again.`,
      )
    : {
        candidates: [
          { steps: [write(keepEffect(text, "Allow"))], warning: denyWarning },
          // Its Allows may be too much once the Deny is gone.
          { steps: [remove], warning: denyWarning },
        ],
        otherwise,
      };
}

function proposePermissions(question: ProposalQuestion, role: Role): Proposal {
  const { drift, watched } = question;
  const reference = localiseReference(watched.reference, role.partition);
  const strictness = strictnessOf(reference, watched.guarded);
  const put = (policyName: string, document: string): FixStep => ({
    role: role.name,
    part: partOf(`inline:${policyName}`),
    call: "iam:PutRolePolicy",
    policyName,
    document,
  });
  const needs = drift.cure === undefined ? [] : [put(needsPolicyName, drift.cure)];
  const attachments =
    strictness.attachments === "off" && strictness.floor === "required"
      ? reference.attachments
          .filter(({ arn }) => !role.attached.some((policy) => policy.arn === arn))
          .map(({ arn }) => attach(role, arn))
      : [];
  const floor =
    strictness.floor === "required" && reference.floor
      ? [put(requiredPolicyName, joinPolicies(role, reference.floor.document))]
      : [];
  return {
    candidates: [
      ...(needs.length > 0 ? [needs] : []),
      ...(attachments.length > 0 ? [[...needs, ...attachments]] : []),
      ...(floor.length > 0
        ? [
            [...needs, ...floor],
            [...needs, ...attachments, ...floor],
          ]
        : []),
    ].map((steps) => ({ steps, ...warn(warnOfUnknownNeeds(question)) })),
    otherwise: explainNeedsLeft(drift, role),
  };
}

/** Says why no policy of the role allows what job definitions need. */
function explainNeedsLeft({ grants, cure }: Drift, role: Role): string {
  const needs = grants.flatMap(({ actions, resources = [], conditions }) =>
    conditions.length > 0
      ? []
      : actions
          .filter((action) => needActions.includes(action))
          .flatMap((action) => resources.map((resource) => ({ action, resource }))),
  );
  const policy = cure === undefined && needs.length > 0 ? writeNeedsPolicy(role, needs) : undefined;
  return policy?.kind === "too-large"
    ? explainTooLarge(policy)
    : "No policy of the role alone fixes it: a Deny, the permissions boundary, or the policy of a secret or key blocks it. Ask its owner before you change that.";
}

// PutRolePolicy replaces the document, so that what the policy holds today stays in it.
function joinPolicies(role: Role, required: string): string {
  const present = role.inline.find(({ name }) => name === requiredPolicyName);
  return present
    ? joinDocuments([withoutSids(present.text), withoutSids(required)])
    : JSON.stringify(JSON.parse(required));
}

function proposeProfile({ watched }: ProposalQuestion, role: Role): Proposal {
  const { guarded, reference } = watched;
  const wanted = guarded.profile ?? reference.profile;
  if (wanted === undefined) return manual("Name the role's instance profile in the configuration.");
  const profile = guarded.profile === undefined && sameRoleName(wanted, reference.role) ? role.name : wanted;
  return {
    candidates: [{ steps: [{ role: role.name, call: "iam:AddRoleToInstanceProfile", profile }] }],
    otherwise: `Add ${role.name} to the instance profile ${profile} by hand.`,
  };
}

/** Returns every drift of the same part as `drift`, itself included. */
export function listSamePart(drift: Drift, drifts: readonly Drift[]): readonly Drift[] {
  return drifts.filter(({ part }) => isSamePart(part, drift.part));
}
