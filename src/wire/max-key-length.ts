/** Characters of the longest feedback key LangSmith takes. */
export const MAX_KEY_LENGTH = 180;
