/** IAM says no to a call: its error code and its message, word for word as far as AWS's own are known. */
export class IamRefusedError extends Error {
  override readonly name = "IamRefusedError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
