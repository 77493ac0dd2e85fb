import { isSameTagKey, type Part } from "../model/part.ts";
import type { Step } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import type { Reference } from "../reference/reference.ts";

type Settings = Pick<Reference, "description" | "maxSession" | "tags">;

/**
 * Returns the call that sets a description, a maximum session duration or a tag as in a reference; undefined for another
 * part, and where the role does not show what the call would overwrite. The call that sets a description or a duration takes
 * both, and repeats the live value of the other.
 */
export function repairSetting(part: Part, role: Role, expected: Settings): Step | undefined {
  const base = { role: role.name, part };
  switch (part.kind) {
    case "description":
    case "session": {
      const { description, maxSession } = role;
      if (!description.observed || !maxSession.observed) return undefined;
      const live = { description: description.value, maxSession: maxSession.value };
      const wanted =
        part.kind === "session"
          ? { maxSession: expected.maxSession ?? live.maxSession }
          : { description: expected.description ?? live.description };
      return { ...base, call: "iam:UpdateRole", ...live, ...wanted };
    }
    case "tag": {
      if (!role.tags.observed) return undefined;
      const wanted = Object.entries(expected.tags ?? {}).find(([key]) => isSameTagKey(key, part.name));
      if (wanted === undefined) return { ...base, call: "iam:UntagRole", key: part.name };
      const [key, value] = wanted;
      return { ...base, call: "iam:TagRole", key, value };
    }
    default:
      return undefined;
  }
}
