import * as z from "zod";

const WholeKind = z.enum(["role", "trust", "boundary", "description", "session", "profile", "permissions"]);
type WholeKind = z.infer<typeof WholeKind>;

/** The schema of a part as its text. */
export const PartText = z.union(
  [
    WholeKind,
    z.templateLiteral(["managed:", z.string()]),
    z.templateLiteral(["inline:", z.string()]),
    z.templateLiteral(["tag:", z.string()]),
  ],
  `must be managed:ARN, inline:NAME, tag:KEY or one of ${WholeKind.options.join(", ")}`,
);
/** A part as it is stored and sent: `trust`, `managed:ARN`, `inline:NAME`, `tag:KEY`. */
export type PartText = z.infer<typeof PartText>;

/** A part that every role has once: the role itself, its trust policy, its boundary, … */
class WholePart {
  readonly kind: WholeKind;
  readonly name: undefined;
  constructor(kind: WholeKind) {
    this.kind = kind;
  }
  toString(): WholeKind {
    return this.kind;
  }
  toJSON(): WholeKind {
    return this.kind;
  }
}

/** A part that a role may have several of, with its ARN, policy name or tag key. */
class NamedPart {
  readonly kind: "managed" | "inline" | "tag";
  readonly name: string;
  constructor(kind: "managed" | "inline" | "tag", name: string) {
    this.kind = kind;
    this.name = name;
  }
  toString(): PartText {
    return `${this.kind}:${this.name}`;
  }
  toJSON(): PartText {
    return this.toString();
  }
}

/**
 * The part of a role at which it differs from its reference. In JSON and in templates it is its text; compare two with
 * `isSamePart`.
 */
export type Part = WholePart | NamedPart;

/** Reads and writes a part as its text. */
export const Part = z.codec(
  PartText,
  z.custom<Part>((value) => value instanceof WholePart || value instanceof NamedPart),
  { decode: partOf, encode: (part) => part.toString() },
);

/** The part that a text names. */
export function partOf(text: PartText): Part {
  const colon = text.indexOf(":");
  const name = text.slice(colon + 1);
  const whole = WholeKind.safeParse(text);
  if (whole.success) return new WholePart(whole.data);
  if (text.startsWith("managed:")) return managedPart(name);
  return text.startsWith("inline:") ? inlinePart(name) : tagPart(name);
}

/** The managed policy of an ARN, as attached to a role. */
export function managedPart(arn: string): Part {
  return new NamedPart("managed", arn);
}

/** The inline policy of a name. */
export function inlinePart(name: string): Part {
  return new NamedPart("inline", name);
}

/** The tag of a key. */
export function tagPart(key: string): Part {
  return new NamedPart("tag", key);
}

/** Whether two keys of tags are the same to IAM, which compares them without case. */
export function isSameTagKey(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Whether a part is a setting of the role and no policy: its description, its maximum session duration, or a tag. */
export function isSetting({ kind }: Part): boolean {
  return kind === "description" || kind === "session" || kind === "tag";
}

/** Whether two parts are the same part of a role. A structured clone, which has lost its class, counts too. */
export function isSamePart(a: Part, b: Part): boolean {
  return a.kind === b.kind && a.name === b.name;
}
