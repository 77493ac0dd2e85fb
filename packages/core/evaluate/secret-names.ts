import type { PolicyDocument } from "@drift-guard/policy/document";
import type { Need } from "../batch/role-use.ts";
import { formatUse } from "../batch/role-use-text.ts";
import type { Note } from "../model/evidence.ts";
import type { ResourceFacts } from "../model/resource-facts.ts";
import type { Role } from "../model/role.ts";
import { judgeByRole, type NeedsQuestion, readRolePolicies } from "./need-judgement.ts";
import { suffixOf } from "./need-resources.ts";
import { noteDetails } from "./role-note.ts";

/**
 * Why Secrets Manager does not find a secret by the ARN that a definition names: the ARN is partial and ends like a
 * complete one. `arn` is the complete ARN; left out if the secret was not read, so that this is only likely.
 */
export interface SecretNameFault {
  readonly arn?: string;
}

// A word, or a word and a number, such as `config`, `Google` and `prod01`: two of a hundred random suffixes look so.
const word = /^(?:[A-Z]?[a-z]*|[A-Z]*)\d*$/;

/**
 * Returns the fault of the ARN by which a need names its secret, or undefined. If the secret was not read, the ARN counts as
 * partial if it ends in a word, or if the role may read `ARN-??????` and not `ARN`.
 */
export function findSecretNameFault(
  need: Need,
  known: ResourceFacts | undefined,
  role: Role,
  documents: readonly PolicyDocument[],
): SecretNameFault | undefined {
  const end = suffixOf(need.resource);
  if (end === undefined || (need.what !== "secret" && need.what !== "registry")) return undefined;
  if (known) return known.arn === undefined ? undefined : { arn: known.arn };
  if (word.test(end)) return {};
  const lacks = (resource: string) => judgeByRole({ ...need, resource }, role, documents).kind === "missing";
  return lacks(need.resource) && !lacks(`${need.resource}-??????`) ? {} : undefined;
}

/**
 * Returns a note of the secrets that definitions name in a form by which they cannot be read, each with the right form: text
 * that the ECS agent refuses, and partial ARNs that Secrets Manager takes for complete ones.
 */
export function noteSecretNames({ role, uses, facts }: NeedsQuestion): readonly Note[] {
  const { documents } = readRolePolicies(role);
  const faults = new Map<string, SecretNameFault | undefined>();
  const faultOf = (need: Need) => {
    if (!faults.has(need.resource)) {
      const known = facts.get(need.resource);
      faults.set(need.resource, findSecretNameFault(need, known, role, documents));
    }
    return faults.get(need.resource);
  };
  return noteDetails(
    "secret-name",
    uses.flatMap((use) => [
      ...(use.refused ?? []).map((why) => `${formatUse(use)}: ${why}`),
      ...use.needs.flatMap((need) => {
        const fault = faultOf(need);
        return fault ? [`${formatUse(use)}: ${describeFault(need, fault)}`] : [];
      }),
    ]),
  );
}

function describeFault({ resource, at }: Need, { arn }: SecretNameFault): string {
  const named = `${at} names ${resource}`;
  return arn === undefined
    ? `${named}, which ends in a hyphen and six characters like a complete ARN. If the secret's name ends so, Secrets Manager does not find the secret, and no policy helps: register a revision that names the complete ARN, which continues with another hyphen and six characters.`
    : `${named}, a partial ARN that ends like a complete one, so that Secrets Manager does not find the secret. Register a revision that names ${arn}.`;
}
