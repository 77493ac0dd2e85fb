import type { ResourceFacts } from "@drift-guard/core/model/resource-facts";
import type { ResourceReader } from "@drift-guard/core/ports";

/** Secrets, parameters and keys of an account in memory: what is known of them beside their values, which are not held. */
export interface SimulatedResources {
  /** Keeps what is known of a resource, by its whole ARN. */
  set(arn: string, facts: ResourceFacts): void;
  readonly reader: ResourceReader;
}

/** Makes an account's resources, of which there are none yet. */
export function createSimulatedResources(): SimulatedResources {
  const known = new Map<string, ResourceFacts>();
  return {
    set: (arn, facts) => void known.set(arn, facts),
    reader: {
      facts: async (asked) => {
        const found = [...known].find(([arn]) => isAskedFor(arn, asked));
        return found?.[1];
      },
    },
  };
}

// Who does not know the six characters behind a secret's name asks with question marks in their place.
function isAskedFor(arn: string, asked: string): boolean {
  if (arn === asked) return true;
  return asked.endsWith("-??????") && arn.slice(0, -6) === asked.slice(0, -6) && arn.length === asked.length;
}
