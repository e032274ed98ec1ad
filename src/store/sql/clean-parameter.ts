import { cleanText } from "../../wire/clean-text.ts";

/**
 * A parameter of a statement as every database takes it: NUL and lone surrogates in texts, and in the texts of a list, become
 * U+FFFD. JSON holds both as escapes, which are plain letters, and bytes stay as they came.
 */
export function cleanParameter<T>(value: T): T {
  if (typeof value === "string") return cleanText(value) as T;
  return Array.isArray(value) ? (value.map(cleanParameter) as T) : value;
}
