import type { IamCall } from "@drift-guard/embedded/iam/call";
import fc from "fast-check";
import {
  type DocumentName,
  documents,
  floorName,
  floorText,
  jobsPolicy,
  neighbourName,
  ownPolicy,
  type ReferenceName,
  roleName,
  type SharedDocumentName,
  type SharedPolicyName,
  settings,
  sharedDocuments,
  sharedPolicies,
  type TrustName,
  trusts,
} from "./worker.ts";

/** A change of the role, or of a policy that it has, that somebody makes. */
export type RoleChange =
  | {
      readonly kind:
        | "detach"
        | "attach"
        | "bound"
        | "unbound"
        | "attach rogue"
        | "detach rogue"
        | "attach mixed"
        | "detach mixed"
        | "open and close"
        | "open for long and close"
        | "delete role"
        | "detach data"
        | "set edge"
        | "share rogue"
        | "tidy";
    }
  | { readonly kind: "put"; readonly name: string; readonly document: DocumentName }
  | { readonly kind: "delete"; readonly name: string }
  | { readonly kind: "trust"; readonly trust: TrustName }
  | { readonly kind: "remake"; readonly trust: TrustName; readonly whole: boolean }
  | { readonly kind: "detach and edit"; readonly document: SharedDocumentName }
  | { readonly kind: "edit policy"; readonly policy: SharedPolicyName; readonly document: SharedDocumentName }
  | {
      readonly kind: "fill versions";
      readonly policy: SharedPolicyName;
      readonly document: SharedDocumentName;
    }
  | {
      readonly kind: "set version" | "delete version";
      readonly policy: SharedPolicyName;
      readonly number: number;
    }
  | {
      readonly kind: "remake policy";
      readonly policy: SharedPolicyName;
      readonly document: SharedDocumentName;
      readonly attach: boolean;
    }
  | { readonly kind: "tag"; readonly key: string; readonly value: string }
  | { readonly kind: "untag"; readonly key: string }
  | { readonly kind: "describe"; readonly description: string }
  | { readonly kind: "session"; readonly seconds: number };

const policyNames = [floorName, "rogue", "RestOf-mixed", "AWSRevokeOlderSessions"] as const;
const trustNames = Object.keys(trusts) as readonly TrustName[];
/** The names of the documents that somebody may write. */
export const documentNames = Object.keys(documents) as readonly DocumentName[];
const sharedDocumentNames = Object.keys(sharedDocuments) as readonly SharedDocumentName[];

const kind = <const Kind extends string>(...kinds: readonly Kind[]) => fc.constantFrom(...kinds);
const policy = kind("data", "data", "edge");
const document = fc.constantFrom(...sharedDocumentNames);
const number = fc.integer({ min: 1, max: 6 });

const onRole: fc.Arbitrary<RoleChange> = fc.oneof(
  {
    arbitrary: fc.record({
      kind: kind("put"),
      name: fc.constantFrom(...policyNames),
      document: fc.constantFrom(...documentNames),
    }),
    weight: 5,
  },
  { arbitrary: fc.record({ kind: kind("trust"), trust: fc.constantFrom(...trustNames) }), weight: 4 },
  { arbitrary: fc.record({ kind: kind("detach") }), weight: 5 },
  {
    arbitrary: fc.record({ kind: kind("open and close", "open and close", "open for long and close") }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: kind(
        "attach",
        "bound",
        "unbound",
        "attach rogue",
        "detach rogue",
        "attach mixed",
        "detach mixed",
        "tidy",
      ),
    }),
    weight: 5,
  },
  { arbitrary: fc.record({ kind: kind("delete"), name: fc.constantFrom(...policyNames) }), weight: 2 },
  {
    arbitrary: fc.oneof(
      fc.record({ kind: kind("delete role") }),
      fc.record({
        kind: kind("remake"),
        trust: fc.constantFrom<TrustName>("clean", "clean", "stranger added", "another service alone"),
        whole: fc.boolean(),
      }),
    ),
    weight: 1,
  },
);

const onShared: fc.Arbitrary<RoleChange> = fc.oneof(
  { arbitrary: fc.record({ kind: kind("edit policy"), policy, document }), weight: 4 },
  { arbitrary: fc.record({ kind: kind("detach and edit"), document }), weight: 2 },
  { arbitrary: fc.record({ kind: kind("fill versions"), policy, document }), weight: 1 },
  { arbitrary: fc.record({ kind: kind("set version", "delete version"), policy, number }), weight: 2 },
  {
    arbitrary: fc.record({ kind: kind("remake policy"), policy, document, attach: fc.boolean() }),
    weight: 2,
  },
  { arbitrary: fc.record({ kind: kind("detach data", "set edge", "share rogue") }), weight: 3 },
);

const onSettings: fc.Arbitrary<RoleChange> = fc.oneof(
  fc.record({ kind: kind("tag"), key: kind("team", "Team", "extra"), value: kind("batch", "red") }),
  fc.record({ kind: kind("untag"), key: kind("team", "extra") }),
  fc.record({ kind: kind("describe"), description: kind(settings.description, "Free for all") }),
  fc.record({ kind: kind("session"), seconds: fc.constantFrom(3600, settings.maxSession, 43_200) }),
);

/** Draws a change. Most are of the role itself. */
export const change: fc.Arbitrary<RoleChange> = fc.oneof(
  { arbitrary: onRole, weight: 5 },
  { arbitrary: onShared, weight: 2 },
  { arbitrary: onSettings, weight: 1 },
);

/** Returns the calls of IAM that make a change. Some of them IAM refuses. */
export function callsOf(made: RoleChange, reference: ReferenceName): readonly IamCall[] {
  switch (made.kind) {
    case "detach":
      return [{ call: "DetachRolePolicy", roleName, policyArn: jobsPolicy }];
    case "attach":
      return [{ call: "AttachRolePolicy", roleName, policyArn: jobsPolicy }];
    case "bound":
      return [{ call: "PutRolePermissionsBoundary", roleName, permissionsBoundary: ownPolicy("bound") }];
    case "unbound":
      return [{ call: "DeleteRolePermissionsBoundary", roleName }];
    case "attach rogue":
      return [{ call: "AttachRolePolicy", roleName, policyArn: ownPolicy("rogue") }];
    case "detach rogue":
      return [{ call: "DetachRolePolicy", roleName, policyArn: ownPolicy("rogue") }];
    case "attach mixed":
      return [{ call: "AttachRolePolicy", roleName, policyArn: ownPolicy("mixed") }];
    case "detach mixed":
      return [{ call: "DetachRolePolicy", roleName, policyArn: ownPolicy("mixed") }];
    case "share rogue":
      return [{ call: "AttachRolePolicy", roleName: neighbourName, policyArn: ownPolicy("rogue") }];
    case "detach data":
      return [{ call: "DetachRolePolicy", roleName, policyArn: sharedPolicies.data }];
    case "set edge":
      return [{ call: "PutRolePermissionsBoundary", roleName, permissionsBoundary: sharedPolicies.edge }];
    case "put":
      return [
        { call: "PutRolePolicy", roleName, policyName: made.name, policyDocument: documents[made.document] },
      ];
    case "delete":
      return [{ call: "DeleteRolePolicy", roleName, policyName: made.name }];
    case "trust":
      return [writeTrust(made.trust)];
    case "open and close":
      return [writeTrust("stranger added"), writeTrust("clean")];
    case "open for long and close":
      return [
        writeTrust("stranger added"),
        { call: "UpdateRole", roleName, maxSessionDuration: 43_200 },
        { call: "UpdateRole", roleName, maxSessionDuration: 3600 },
        writeTrust("clean"),
      ];
    case "edit policy":
      return [createVersion(made.policy, made.document, true)];
    case "detach and edit":
      return [
        { call: "DetachRolePolicy", roleName, policyArn: sharedPolicies.data },
        createVersion("data", made.document, true),
      ];
    case "fill versions":
      return Array.from({ length: 4 }, () => createVersion(made.policy, made.document, false));
    case "set version":
    case "delete version": {
      const call = made.kind === "set version" ? "SetDefaultPolicyVersion" : "DeletePolicyVersion";
      return [{ call, policyArn: sharedPolicies[made.policy], versionId: `v${made.number}` }];
    }
    case "remake policy":
      return remakePolicy(made);
    case "tag":
      return [{ call: "TagRole", roleName, tags: [{ key: made.key, value: made.value }] }];
    case "untag":
      return [{ call: "UntagRole", roleName, tagKeys: [made.key] }];
    case "describe":
      return [{ call: "UpdateRoleDescription", roleName, description: made.description }];
    case "session":
      return [{ call: "UpdateRole", roleName, maxSessionDuration: made.seconds }];
    case "delete role":
      return deletion;
    case "remake":
      return [
        ...deletion,
        { call: "CreateRole", roleName, assumeRolePolicyDocument: trusts[made.trust] },
        ...(made.whole ? restorationOf(reference) : []),
      ];
    case "tidy":
      return [
        ...policyNames.flatMap((policyName): readonly IamCall[] =>
          policyName === floorName ? [] : [{ call: "DeleteRolePolicy", roleName, policyName }],
        ),
        { call: "DetachRolePolicy", roleName, policyArn: ownPolicy("rogue") },
        { call: "DetachRolePolicy", roleName, policyArn: ownPolicy("mixed") },
        { call: "DeleteRolePermissionsBoundary", roleName },
        writeTrust("clean"),
        ...restorationOf(reference),
      ];
  }
}

function writeTrust(name: TrustName): IamCall {
  return { call: "UpdateAssumeRolePolicy", roleName, policyDocument: trusts[name] };
}

function createVersion(name: SharedPolicyName, written: SharedDocumentName, setAsDefault: boolean): IamCall {
  const policyDocument = sharedDocuments[written];
  return { call: "CreatePolicyVersion", policyArn: sharedPolicies[name], policyDocument, setAsDefault };
}

function remakePolicy({
  policy: policyName,
  document: written,
  attach,
}: Extract<RoleChange, { kind: "remake policy" }>): readonly IamCall[] {
  const policyArn = sharedPolicies[policyName];
  const versions = Array.from({ length: 7 }, (_, index) => `v${index + 1}`);
  const attachment: IamCall =
    policyName === "edge"
      ? { call: "PutRolePermissionsBoundary", roleName, permissionsBoundary: policyArn }
      : { call: "AttachRolePolicy", roleName, policyArn };
  return [
    policyName === "edge"
      ? { call: "DeleteRolePermissionsBoundary", roleName }
      : { call: "DetachRolePolicy", roleName, policyArn },
    { call: "DetachRolePolicy", roleName: neighbourName, policyArn },
    ...versions.map((versionId): IamCall => ({ call: "DeletePolicyVersion", policyArn, versionId })),
    { call: "DeletePolicy", policyArn },
    { call: "CreatePolicy", policyName, policyDocument: sharedDocuments[written] },
    ...(attach ? [attachment] : []),
  ];
}

function restorationOf(reference: ReferenceName): readonly IamCall[] {
  const plain: readonly IamCall[] = [
    { call: "AttachRolePolicy", roleName, policyArn: jobsPolicy },
    { call: "PutRolePolicy", roleName, policyName: floorName, policyDocument: floorText },
  ];
  if (reference === "plain") return plain;
  const { description, maxSession, tags } = settings;
  return [
    ...plain,
    createVersion("data", "data", true),
    createVersion("edge", "edge", true),
    { call: "AttachRolePolicy", roleName, policyArn: sharedPolicies.data },
    { call: "PutRolePermissionsBoundary", roleName, permissionsBoundary: sharedPolicies.edge },
    { call: "UpdateRole", roleName, description, maxSessionDuration: maxSession },
    { call: "UntagRole", roleName, tagKeys: ["extra"] },
    { call: "TagRole", roleName, tags: Object.entries(tags).map(([key, value]) => ({ key, value })) },
  ];
}

const deletion: readonly IamCall[] = [
  ...policyNames.map((policyName): IamCall => ({ call: "DeleteRolePolicy", roleName, policyName })),
  ...[jobsPolicy, ownPolicy("rogue"), ownPolicy("mixed"), sharedPolicies.data].map(
    (policyArn): IamCall => ({ call: "DetachRolePolicy", roleName, policyArn }),
  ),
  { call: "DeleteRole", roleName },
];
