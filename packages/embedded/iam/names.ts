import { IamRefusedError } from "./refused-error.ts";

/** Refuses a name that IAM would not take; `parameter` is IAM's name for it. */
export function checkName(parameter: string, name: string, longest: number): void {
  if (name.length > longest) {
    throw new IamRefusedError(
      "ValidationError",
      `1 validation error detected: Value '${name}' at '${parameter}' failed to satisfy constraint: Member must have length less than or equal to ${longest}`,
    );
  }
  if (/^[\w+=,.@-]+$/.test(name)) return;
  throw new IamRefusedError(
    "ValidationError",
    `The specified value for ${parameter} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
  );
}

/** Refuses a path that IAM would not take, and gives it back. */
export function checkPath(path: string): string {
  if (/^\/(?:[\x21-\x7e]+\/)?$/.test(path) && path.length <= 512) return path;
  throw new IamRefusedError(
    "ValidationError",
    "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
  );
}
