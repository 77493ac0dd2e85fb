import { CaptureError } from "../errors.ts";
import type { Role } from "../model/role.ts";
import { isReadable, joinDocuments, readDocument, withoutSids } from "../policy-json.ts";
import type { Reference } from "../reference/reference.ts";

/** A reference that a role was captured into. */
export interface Captured {
  readonly reference: Reference;
  /** What was left to the owner, each a sentence. */
  readonly notes: readonly string[];
}

// Where AWS's console and most people put roles; any other path was chosen, and so is held.
const usualPaths: readonly string[] = ["/", "/service-role/"];

/**
 * What a role is right now, as a reference: evaluated against it, the role is clean. `date` is the day of the reading.
 * Throws `CaptureError` where a policy cannot be read.
 */
export function captureRole(role: Role, date: string): Captured {
  const source = { title: `Captured from the live role ${role.name}`, date };
  const [, linked] = /^\/aws-service-role\/([^/]+)\/$/.exec(role.path) ?? [];
  const { boundary, profiles } = role;
  if (!boundary.observed) throw cannotCapture(role, boundary.why);
  const odd = [
    { name: "trust", text: role.trust },
    ...role.inline,
    ...role.attached.flatMap(({ arn, version }) =>
      version.observed ? [{ name: arn, text: version.value.text }] : [],
    ),
  ].find(({ text }) => !isReadable(text));
  if (odd) throw cannotCapture(role, `Its ${odd.name} is no policy that can be read.`);
  const held = profiles.observed ? profiles.value : [];
  const [profile] = held;
  const reference: Reference = {
    role: role.name,
    ...(role.description.observed && role.description.value !== "" && { purpose: role.description.value }),
    ...(linked !== undefined && { serviceLinked: linked }),
    ...(!usualPaths.includes(role.path) && { path: role.path }),
    source,
    trust: role.trust,
    attachments: role.attached.map(({ arn, version }) => {
      if (!version.observed) throw cannotCapture(role, version.why);
      return { arn, version: version.value.id, document: version.value.text, source };
    }),
    ...(role.inline.length > 0 && {
      floor: { document: joinLivePolicies(role.inline.map(({ text }) => text)), source },
    }),
    retired: [],
    ...(held.length === 1 && profile !== undefined && { profile }),
    boundary: boundary.value === null ? "none" : "any",
    strictness: { trust: "exact", attachments: "required", floor: "required", ceiling: "closed" },
  };
  return {
    reference,
    notes: [
      ...(linked !== undefined || usualPaths.includes(role.path)
        ? []
        : [`To have it put back, say paths: ["${role.path}"] for it in the configuration.`]),
      ...(boundary.value === null
        ? []
        : [
            `It has the boundary ${boundary.value.arn}: the reference lets it have any that leaves what it needs.`,
          ]),
      ...(profiles.observed ? [] : [`Instance profiles are not in the reference. ${profiles.why}`]),
      ...(held.length > 1
        ? [`It is in ${held.length} instance profiles: set "profile" to the one that must hold it.`]
        : []),
    ],
  };
}

function cannotCapture({ name }: Role, why: string): CaptureError {
  return new CaptureError(`${name} cannot be captured whole. ${why}`);
}

/**
 * Joins policies of a role into one document of a reference, without ids of statements. Throws `CaptureError` if they
 * have different versions and `${…}` occurs in them: it is a variable in one version and plain text in the other.
 */
export function joinLivePolicies(texts: readonly string[]): string {
  const versions = new Set(texts.map((text) => readDocument(text).Version ?? "2008-10-17"));
  if (versions.size > 1 && texts.some((text) => text.includes("${"))) {
    throw new CaptureError(
      "Policies of versions 2008-10-17 and 2012-10-17 with ${…} in them cannot stand in one document: bring them to one version first.",
    );
  }
  const version = versions.size > 1 ? "2012-10-17" : [...versions][0];
  return joinDocuments(texts.map(withoutSids), version);
}
