import type { Role } from "../model/role.ts";

/** Returns the texts of those of a role's policies that could be read. */
export function listPolicyTexts({ attached, inline }: Pick<Role, "attached" | "inline">): readonly string[] {
  return [
    ...attached.flatMap(({ version }) => (version.observed ? [version.value.text] : [])),
    ...inline.map(({ text }) => text),
  ];
}
