import { canonicalText } from "@drift-guard/policy/canonical";
import { digestOf } from "../model/identity.ts";
import type { LivePolicy } from "../model/managed-policy.ts";
import { tryParsePolicy } from "../policy-json.ts";

/**
 * Returns a digest of what a managed policy brings into force: the canonical form of its default version, or its text where
 * that is no policy. Undefined if the policy, or its default version, was not read.
 */
export function digestContent(live: LivePolicy | undefined): string | undefined {
  const current = live?.versions.find(({ isDefault }) => isDefault);
  if (current === undefined) return undefined;
  const document = tryParsePolicy(current.text);
  return digestOf(document ? canonicalText(document) : current.text);
}
