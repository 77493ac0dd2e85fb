/**
 * Whether an IAM action pattern (`*` any text, `?` one character, compared without case) matches an action. Goes back to
 * the last star only, so that it takes at most the product of both lengths: patterns come from the account.
 */
export function matchesAction(pattern: string, action: string): boolean {
  if (!/[*?]/.test(pattern)) {
    return pattern.length === action.length && pattern.toLowerCase() === action.toLowerCase();
  }
  const written = pattern.toLowerCase();
  const name = action.toLowerCase();
  let at = 0;
  let nameAt = 0;
  let star = -1;
  let starNameAt = 0;
  while (nameAt < name.length) {
    if (written[at] === "*") {
      star = at++;
      starNameAt = nameAt;
    } else if (written[at] === "?" || written[at] === name[nameAt]) {
      at++;
      nameAt++;
    } else if (star >= 0) {
      at = star + 1;
      nameAt = ++starNameAt;
    } else {
      return false;
    }
  }
  while (written[at] === "*") at++;
  return at === written.length;
}
