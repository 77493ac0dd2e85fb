import type { Finding } from "@drift-guard/core/model/finding";
import { sanitise } from "@drift-guard/formats/printable";
import { UsageError } from "./command.ts";

// So many fit a terminal.
const maxNamed = 4;

/** Returns the finding whose id begins with a text. Throws `UsageError` if there is none, or several. */
export function chooseFinding(id: string, findings: readonly Finding[]): Finding {
  const [found, ...others] = findings.filter((finding) => finding.id.startsWith(id));
  if (!found || id === "") {
    throw new UsageError(
      `The id of none of the ${findings.length} stored findings begins with "${sanitise(id, 80)}". findings list --state all shows them.`,
    );
  }
  if (others.length > 0) {
    const all = [found, ...others];
    const named = all
      .slice(0, maxNamed)
      .map(
        (each) =>
          `${each.id.slice(0, 12)} (${sanitise(each.role.name)}, ${sanitise(each.evidence.part.toString(), 100)})`,
      );
    const more = all.length > maxNamed ? ` and ${all.length - maxNamed} more` : "";
    throw new UsageError(
      `${all.length} finding ids begin with ${sanitise(id, 80)}: ${named.join(", ")}${more}. Give more of the id.`,
    );
  }
  return found;
}
