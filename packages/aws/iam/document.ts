/**
 * Returns a policy document as JSON text. IAM's answers contain it percent-encoded (docs/aws-facts.md, "IAM reads and
 * writes"); plain text, and text that cannot be decoded, is returned unchanged. Does not validate the document.
 */
export function decodeDocument(text: string): string {
  // A document is a JSON object: encoded, it begins with %7B, perhaps after encoded white space.
  if (!/^\s*%/.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
