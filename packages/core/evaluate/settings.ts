import type { Assessment, Drift } from "../model/evidence.ts";
import { type Part, partOf, tagPart } from "../model/part.ts";
import type { Role } from "../model/role.ts";
import { isReservedTag, type Reference, type Strictness } from "../reference/reference.ts";
import { drift, undecided } from "./differences.ts";
import { listTagsRead, mayHaveCallers } from "./tag-readers.ts";

/**
 * Returns how a role's description, maximum session duration and tags differ from what its reference says of them. Each
 * difference is `altered`, as none of them is a grant. A part that the role's source does not show is undecided.
 */
export function assessSettings(
  role: Role,
  { description, maxSession, tags }: Reference,
  strictness: Strictness,
): readonly Assessment[] {
  return [
    ...(description === undefined ? [] : assessDescription(role, description)),
    ...(maxSession === undefined ? [] : assessSession(role, maxSession)),
    ...(tags === undefined ? [] : assessTags(role, tags, strictness.tags === "closed")),
  ];
}

function assessDescription({ name, description }: Role, expected: string): readonly Assessment[] {
  const part = partOf("description");
  if (!description.observed) return [undecided(part, [description.why])];
  if (description.value === expected) return [];
  const detail = `The description of ${name} is "${description.value}"; its reference says "${expected}".`;
  return [{ ...altered(part, detail), harmless: true }];
}

// The setting limits AssumeRole, and no session that a service begins (docs/aws-facts.md, "Sessions and tags of roles").
function assessSession(role: Role, expected: number): readonly Assessment[] {
  const part = partOf("session");
  const { name, maxSession, trust } = role;
  if (!maxSession.observed) return [undecided(part, [maxSession.why])];
  const seconds = maxSession.value;
  if (seconds === expected) return [];
  const found = `A session of ${name} may last ${formatDuration(seconds)}; its reference says ${formatDuration(expected)}.`;
  if (!mayHaveCallers(trust)) {
    const detail = `${found} Its trust policy lets in services only, whose sessions the setting does not limit.`;
    return [{ ...altered(part, detail), harmless: true }];
  }
  const effect =
    seconds > expected
      ? "Credentials that someone got by assuming the role stay valid for longer."
      : "A caller that asks for a longer session is refused.";
  return [altered(part, `${found} ${effect}`)];
}

/** The part of all tags of a role. No tag can have this key. */
const allTags = tagPart("*");

function assessTags(
  role: Role,
  expected: Readonly<Record<string, string>>,
  isClosed: boolean,
): readonly Assessment[] {
  const { name, tags } = role;
  const listed = Object.entries(expected);
  if (!tags.observed) return listed.length > 0 || isClosed ? [undecided(allTags, [tags.why])] : [];
  // IAM compares the keys of tags without case (docs/aws-facts.md, "Sessions and tags of roles").
  const live = new Map(Object.entries(tags.value).map(([key, value]) => [key.toLowerCase(), value]));
  const known = new Set(listed.map(([key]) => key.toLowerCase()));
  const differences = [
    ...listed.flatMap(([key, value]) => {
      const found = live.get(key.toLowerCase());
      if (found === value) return [];
      const detail =
        found === undefined
          ? `${name} has no tag ${key}; its reference says "${value}".`
          : `The tag ${key} of ${name} is "${found}"; its reference says "${value}".`;
      return [{ key, detail }];
    }),
    ...(isClosed ? Object.entries(tags.value) : []).flatMap(([key, value]) =>
      known.has(key.toLowerCase()) || isReservedTag(key)
        ? []
        : [{ key, detail: `${name} has the tag ${key} ("${value}"), which its reference does not list.` }],
    ),
  ];
  if (differences.length === 0) return [];
  const read = listTagsRead(role);
  return differences.map(({ key, detail }) =>
    read.has(key.toLowerCase())
      ? altered(tagPart(key), `${detail} Policies of the role decide by this tag.`)
      : {
          ...altered(
            tagPart(key),
            `${detail} No policy of the role reads this tag; policies of resources and of other principals may.`,
          ),
          harmless: true,
        },
  );
}

function altered(part: Part, detail: string): Drift {
  return drift(part, "altered", { detail });
}

function formatDuration(seconds: number): string {
  const say = (count: number, unit: string) => `${count} ${unit}${count === 1 ? "" : "s"}`;
  if (seconds % 3_600 === 0) return say(seconds / 3_600, "hour");
  return seconds % 60 === 0 ? say(seconds / 60, "minute") : say(seconds, "second");
}
