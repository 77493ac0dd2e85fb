/**
 * A policy document as JSON text. IAM answers it percent-encoded (RFC 3986), and some sources show it plain. Text that
 * is neither comes back as it is: whether it is a policy is the evaluation's to say.
 */
export function decodeDocument(text: string): string {
  // A document is an object, so what is encoded begins with %7B, or with encoded blanks before it.
  if (!/^\s*%/.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
