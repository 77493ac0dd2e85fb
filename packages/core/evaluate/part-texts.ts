import { isSameTagKey, type Part } from "../model/part.ts";
import type { Observed, Role } from "../model/role.ts";
import type { Reference } from "../reference/reference.ts";

/** A part of a role as text, for people: as its reference has it, and as it was read. Each is left out if there is none. */
export interface PartTexts {
  readonly expected?: string;
  readonly found?: string;
}

// Two texts of this length fit an item of a table beside the evidence (core/model/evidence-limit.ts).
const maxCharacters = 6_000;

/**
 * Returns the texts of a part: documents as JSON, settings as their value. A text of more than 6,000 characters is cut, and
 * says so. The parts `role` and `permissions` have none, as they are no single text.
 */
export function describePartTexts(part: Part, role: Role | undefined, reference: Reference): PartTexts {
  const expected = expectedText(part, reference);
  const found = role && foundText(part, role);
  return {
    ...(expected !== undefined && { expected: cut(expected) }),
    ...(found !== undefined && { found: cut(found) }),
  };
}

function expectedText(part: Part, reference: Reference): string | undefined {
  const { name = "" } = part;
  switch (part.kind) {
    case "trust":
      return reference.trust;
    case "managed":
      return reference.attachments.find(({ arn }) => arn === name)?.document;
    case "boundary":
      return typeof reference.boundary === "string" ? undefined : reference.boundary.arn;
    case "description":
      return reference.description;
    case "session":
      return reference.maxSession === undefined ? undefined : `${reference.maxSession} seconds`;
    case "tag":
      return Object.entries(reference.tags ?? {}).find(([key]) => isSameTagKey(key, name))?.[1];
    case "profile":
      return reference.profile;
    case "inline":
    case "role":
    case "permissions":
      return undefined;
  }
}

function foundText(part: Part, role: Role): string | undefined {
  const { name = "" } = part;
  switch (part.kind) {
    case "trust":
      return role.trust;
    case "managed": {
      const version = role.attached.find(({ arn }) => arn === name)?.version;
      return version && readValue(version)?.text;
    }
    case "inline":
      return role.inline.find((policy) => policy.name === name)?.text;
    case "boundary":
      return readValue(role.boundary)?.arn;
    case "description":
      return readValue(role.description);
    case "session": {
      const seconds = readValue(role.maxSession);
      return seconds === undefined ? undefined : `${seconds} seconds`;
    }
    case "tag":
      return Object.entries(readValue(role.tags) ?? {}).find(([key]) => isSameTagKey(key, name))?.[1];
    case "profile":
      return readValue(role.profiles)?.join(", ");
    case "role":
    case "permissions":
      return undefined;
  }
}

function readValue<T>(observed: Observed<T>): T | undefined {
  return observed.observed ? observed.value : undefined;
}

function cut(text: string): string {
  return text.length <= maxCharacters
    ? text
    : `${text.slice(0, maxCharacters)}… (cut: ${text.length} characters in all)`;
}
