/** A statement in the form of IAM's JSON. */
export interface StatementJson {
  readonly [element: string]: unknown;
}

type Texts = string | readonly string[];

/** Returns an Allow of an identity policy. `more` adds or replaces elements. */
export function allow(actions: Texts, resources: Texts, more: StatementJson = {}): StatementJson {
  return { Effect: "Allow", Action: actions, Resource: resources, ...more };
}

/** Returns a Deny of an identity policy. `more` adds or replaces elements. */
export function deny(actions: Texts, resources: Texts, more: StatementJson = {}): StatementJson {
  return { ...allow(actions, resources, more), Effect: "Deny" };
}

/** Returns the text of a policy with these statements. */
export function policy(...statements: readonly StatementJson[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** Returns the text of a trust policy that lets a principal assume the role. */
export function trust(principal: unknown, condition?: object): string {
  return policy({ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole", Condition: condition });
}
