/** Where the JSON of a text is broken; both counted from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** A text or object is not a policy. The message says what is wrong, and where. */
export class PolicySyntaxError extends Error {
  override readonly name = "PolicySyntaxError";
  /** JSON path, such as `$.Statement[0].Action`; `$` if the JSON itself is broken. */
  readonly path: string;
  /** Set only if the JSON itself is broken. */
  readonly position: TextPosition | undefined;

  constructor(message: string, path: string, position?: TextPosition) {
    super(`the policy cannot be read: ${path === "$" ? "" : `${path} `}${message}`);
    this.path = path;
    this.position = position;
  }
}
