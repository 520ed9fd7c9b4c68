import type { Line } from './conversation.ts';
import type { Voice } from './synthesis.ts';

/**
 * What is said in the samples. The words were chosen by ear of a small recogniser: each line alone is understood by
 * pocketsphinx with its US English model (nearly) word for word, so that errors come from what is done with the
 * recording and not from the sentences.
 */
const line = (voice: Voice, pause: number, text: string): Line => ({ voice, pause, text });

export const MEETING: readonly Line[] = [
  line('slt', 0.8, 'Good morning everyone. Please take a seat and we will begin.'),
  line('awb', 0.7, 'Thank you. This is the report on the new office in the city.'),
  line('rms', 0.5, 'How many people will work there next year?'),
  line('awb', 0.6, 'About forty people will move in the first week of March.'),
  line('slt', -0.4, 'That is a good number. Is the building ready for them?'),
  line('awb', 0.9, 'The second floor is finished, but the kitchen still needs water.'),
  line('slt', 0.7, 'How long will it take to finish the work?'),
  line('awb', 0.4, 'They need about three more weeks.'),
  line('rms', 0.9, 'And when will they open the kitchen?'),
  line('slt', 1.5, 'The people of the city will pay for that.'),
  line('rms', -0.6, 'Then we can use our money for the garden and the school.'),
  line('awb', 0.3, 'I think the children would like a small garden very much.'),
  line('slt', 1.2, 'Let me give you the numbers from last month.'),
  line('rms', 0.8, 'That is better than the month before.'),
  line('awb', -0.5, 'The weather was cold, so people wanted to stay at home with a book.'),
  line('slt', 1, 'We should meet again on Monday morning at nine in the office.'),
  line('rms', 0.6, 'I will be there with the final plan.'),
  line('awb', 0.5, 'And I will bring the coffee.'),
  line('slt', 0.9, 'Thank you very much and have a good day.'),
];

export const CALL: readonly Line[] = [
  line('slt', 0.6, 'Good morning. This is the office of the new school. What can I do for you?'),
  line('rms', 0.5, 'Hello. When will you open the garden for the children?'),
  line('slt', -0.6, 'Can you come on Thursday at ten in the morning?'),
  line('rms', 0.7, 'No, I have to work in the morning. Is there any time in the afternoon?'),
  line('slt', -1.2, 'Then please come in the first week of March.'),
  line('rms', 0.6, 'That is very good. Thank you for your help.'),
  line('slt', -0.5, 'You are welcome. Please bring your papers with you.'),
];

export const CLIP: readonly Line[] = [
  line('slt', 0.5, 'We should meet again on Monday morning at nine in the office.'),
  line('slt', 0.8, 'The people of the city will pay for the new building and the garden.'),
  line('slt', 0.4, 'Thank you very much and have a good day.'),
];
