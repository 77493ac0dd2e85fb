/** The version of the package, as its `package.json` has it: a file that a bundle does not contain. */
export const version = "0.1.0";
