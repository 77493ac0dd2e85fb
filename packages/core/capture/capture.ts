import { CaptureError } from "../errors.ts";
import { describeOpenTrust } from "../evaluate/open-trust.ts";
import type { AttachedPolicy, Role } from "../model/role.ts";
import { isReadable, joinDocuments, withoutSids } from "../policy-json.ts";
import { isReservedTag, type Reference } from "../reference/reference.ts";

/** The result of capturing a role. */
export interface Captured {
  readonly reference: Reference;
  /** What the owner has to complete or know, each a sentence. */
  readonly notes: readonly string[];
}

// The console creates roles at these paths. Any other path was chosen on purpose, and is part of the reference.
const usualPaths: readonly string[] = ["/", "/service-role/"];

/**
 * Returns the role's present state as a reference: the role has no drift from it. `date` is the day of the reading,
 * YYYY-MM-DD. Throws `CaptureError` if a part of it cannot be read.
 */
export function captureRole(role: Role, date: string): Captured {
  const source = { title: `Captured from the live role ${role.name}`, date };
  const [, linked] = /^\/aws-service-role\/([^/]+)\/$/.exec(role.path) ?? [];
  const { boundary, profiles } = role;
  if (!boundary.observed) throw cannotCapture(role, boundary.why);
  const odd = [
    { name: "trust policy", text: role.trust },
    ...role.inline.map(({ name, text }) => ({ name: `inline policy ${name}`, text })),
    ...role.attached.flatMap(({ arn, version }) =>
      version.observed ? [{ name: `policy ${arn}`, text: version.value.text }] : [],
    ),
  ].find(({ text }) => !isReadable(text));
  if (odd) throw cannotCapture(role, `Its ${odd.name} cannot be parsed.`);
  const held = profiles.observed ? profiles.value : [];
  const [profile] = held;
  const partition = nameReferencePartition(role);
  const openTrust = describeOpenTrust(role);
  const reference: Reference = {
    role: role.name,
    ...(role.description.observed && role.description.value !== "" && { purpose: role.description.value }),
    ...(linked !== undefined && { serviceLinked: linked }),
    ...(!usualPaths.includes(role.path) && { path: role.path }),
    source,
    ...partition,
    trust: role.trust,
    attachments: role.attached.map(({ arn, version }) => {
      if (!version.observed) throw cannotCapture(role, version.why);
      return { arn, version: version.value.id, ...partition, document: version.value.text, source };
    }),
    ...(role.inline.length > 0 && {
      floor: { document: joinLivePolicies(role.inline.map(({ text }) => text)), source },
    }),
    retired: [],
    ...(held.length === 1 && profile !== undefined && { profile }),
    boundary: captureBoundary(boundary.value),
    ...(linked === undefined && captureSettings(role)),
    strictness: { trust: "exact", attachments: "required", floor: "required", ceiling: "closed" },
  };
  return {
    reference,
    notes: [
      ...(openTrust === undefined
        ? []
        : [
            `Warning: ${openTrust} The reference allows that now. Name in the trust policy who needs the role, and capture it again.`,
          ]),
      ...(linked !== undefined || usualPaths.includes(role.path)
        ? []
        : [
            `To have drift of it rolled back, set paths: ["${role.path}"] for the role in the configuration.`,
          ]),
      ...(boundary.value === null
        ? []
        : [
            `It has the boundary ${boundary.value.arn}. The reference requires this boundary. To accept any that allows what the role needs, set "boundary": "any" in it.`,
          ]),
      ...(profiles.observed ? [] : [`Instance profiles are not in the reference. ${profiles.why}`]),
      ...(linked === undefined ? listUnseenSettings(role) : []),
      ...(held.length > 1
        ? [`It is in ${held.length} instance profiles: set "profile" to the one that must hold it.`]
        : []),
    ],
  };
}

/** Returns a role's description, maximum session duration and tags as a reference requires them, if they are observed. */
export function captureSettings({
  description,
  maxSession,
  tags,
}: Pick<Role, "description" | "maxSession" | "tags">): Pick<
  Reference,
  "description" | "maxSession" | "tags"
> {
  return {
    ...(description.observed && { description: description.value }),
    ...(maxSession.observed && { maxSession: maxSession.value }),
    ...(tags.observed && {
      tags: Object.fromEntries(Object.entries(tags.value).filter(([key]) => !isReservedTag(key))),
    }),
  };
}

function listUnseenSettings({ description, maxSession, tags }: Role): readonly string[] {
  const unseen = [
    ...(description.observed ? [] : [{ name: "Its description is", why: description.why }]),
    ...(maxSession.observed ? [] : [{ name: "Its maximum session duration is", why: maxSession.why }]),
    ...(tags.observed ? [] : [{ name: "Its tags are", why: tags.why }]),
  ];
  return unseen.map(({ name, why }) => `${name} not in the reference. ${why}`);
}

/** Returns a role's boundary as a reference requires it; without its document if that cannot be read. */
export function captureBoundary(boundary: AttachedPolicy | null): Reference["boundary"] {
  if (boundary === null) return "none";
  const { arn, version } = boundary;
  return version.observed && isReadable(version.value.text) ? { arn, document: version.value.text } : { arn };
}

/** Returns the partition of a role as a member of a reference, which leaves out `aws`. */
export function nameReferencePartition({ partition }: Pick<Role, "partition">): Pick<Reference, "partition"> {
  return partition === "aws" ? {} : { partition };
}

function cannotCapture({ name }: Role, why: string): CaptureError {
  return new CaptureError(`${name} cannot be captured whole. ${why}`);
}

/** Joins policies of a role into one document of a reference, without ids of statements. */
export function joinLivePolicies(texts: readonly string[]): string {
  return joinDocuments(texts.map(withoutSids));
}
