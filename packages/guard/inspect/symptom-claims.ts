import type { Symptom } from "@drift-guard/core/intake/symptom";
import { digestOf } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import type { SymptomStore } from "@drift-guard/core/ports";
import type { InspectPorts } from "../ports.ts";

// Ten thousand jobs of one array fail within minutes, and their roles are read once in this time.
const windowMinutes = 10;

/**
 * Returns whether to look into a symptom: no other event of the same queue, reason, roles and job definition did in the
 * last ten minutes. Costs one conditional write. Throws `StoreUnavailableError`.
 */
export async function claimSymptom(
  symptom: Symptom,
  { symptoms, now }: Pick<InspectPorts, "symptoms" | "now">,
): Promise<boolean> {
  if (!symptoms) return true;
  const at = now();
  return symptoms.claim(symptom.account, {
    key: identifySymptom(symptom),
    eventId: symptom.id,
    at: instantOf(at),
    since: instantOf(new Date(at.getTime() - windowMinutes * 60_000)),
  });
}

/**
 * Wraps a store for the messages of one batch: an event whose symptoms another event of the batch has claimed, or found
 * to be claimed, makes no call.
 */
export function rememberClaims(store: SymptomStore): SymptomStore {
  const asked = new Map<string, string>();
  return {
    async claim(account, claim) {
      const first = asked.get(claim.key);
      if (first !== undefined && first !== claim.eventId) return false;
      const claimed = await store.claim(account, claim);
      asked.set(claim.key, claim.eventId);
      return claimed;
    },
  };
}

// Reasons contain texts of the job's own task, container and request, which do not tell symptoms apart.
const ownTexts: readonly (readonly [text: RegExp, instead: string])[] = [
  [/(authorization failure message: ?)\S+/gi, "$1#"],
  // The query of a signed address.
  [/\?\S+/g, "?#"],
  [/((?:request|host) ?id: ?)[\w+/=-]+/gi, "$1#"],
  [/[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|\d+/gi, "#"],
];

// The job's name is left out: jobs of one definition, roles and queue lead to the same reads.
function identifySymptom({ region, reason, subjects, queue }: Symptom): string {
  const alike = ownTexts.reduce((left, [own, instead]) => left.replaceAll(own, instead), reason);
  return digestOf([region, alike, subjects, queue]);
}
