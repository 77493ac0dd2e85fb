/** The simulated IAM refused a call. The message is IAM's own text, as far as it is known. */
export class IamRefusedError extends Error {
  override readonly name = "IamRefusedError";
  /** The API's error code, such as `NoSuchEntity`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
