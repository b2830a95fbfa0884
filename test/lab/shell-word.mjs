/**
 * Quotes a word so that a POSIX shell takes it as it is.
 * @param {string} text
 */
export function shellWord(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
