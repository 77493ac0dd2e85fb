import type { Finding } from "@drift-guard/core/model/finding";
import { sanitise } from "@drift-guard/formats/printable";
import { UsageError } from "./command.ts";

/** Returns the finding whose id begins with a text. Throws `UsageError` if there is none, or several. */
export function chooseFinding(id: string, all: readonly Finding[]): Finding {
  const [found, ...others] = all.filter((finding) => finding.id.startsWith(id));
  if (!found || id === "") {
    throw new UsageError(`None of the ${all.length} stored findings has the id ${sanitise(id, 80)}.`);
  }
  if (others.length > 0) {
    throw new UsageError(
      `${others.length + 1} finding ids begin with ${sanitise(id, 80)}. Give more of the id.`,
    );
  }
  return found;
}
