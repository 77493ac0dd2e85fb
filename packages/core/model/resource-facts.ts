/** What the guard knows of a secret, a parameter or a key. Values of secrets are never read. */
export interface ResourceFacts {
  /** The complete ARN of a secret that was asked for by another, partial ARN. */
  readonly arn?: string;
  /** Its resource policy as JSON text; `null` if it has none. */
  readonly policy: string | null;
  /** ARN of the customer-managed key that encrypts it; `null` if an AWS managed key does, which needs no grant (R45, R46). */
  readonly key?: string | null;
}
