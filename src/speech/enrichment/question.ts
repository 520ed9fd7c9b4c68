/**
 * Question marks of Latin, full-width, Arabic, Armenian, Ethiopic, Coptic and other scripts at the end of a text, also
 * with more marks and closing quotes or brackets behind. Greek writes a semicolon.
 */
const QUESTION = /(?:[?？؟՞፧⁇⁈⁉︖﹖‽\u037e]|\p{Script=Greek};)[!?！？.…\s"'»”’)\]」』]*$/u;

/** Whether a text ends as a question. Only the mark counts: without punctuation nobody knows. */
export function isQuestion(text: string): boolean {
  return QUESTION.test(text.slice(-TAIL));
}

/** No mark stands further from the end; it also keeps the test short for any text. */
const TAIL = 12;
