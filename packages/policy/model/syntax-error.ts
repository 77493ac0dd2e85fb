/** Where in a text JSON broke, both counted from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** A text is not a policy: says what is wrong, and where. */
export class PolicySyntaxError extends Error {
  override readonly name = "PolicySyntaxError";
  /** JSON path, such as `$.Statement[0].Action`; `$` where the JSON itself is broken. */
  readonly path: string;
  /** Only where the JSON itself is broken. */
  readonly position: TextPosition | undefined;

  constructor(message: string, path: string, position?: TextPosition) {
    super(
      path === "$"
        ? `the policy cannot be read: ${message}`
        : `the policy cannot be read: ${path} ${message}`,
    );
    this.path = path;
    this.position = position;
  }
}
