import { jsonText } from './json.ts';
import { recordingToken, speakerNames } from './names.ts';
import { inOrder, textOf } from './paragraphs.ts';
import type { Writer } from './writer.ts';

/** The segment list of the CHiME challenges and of MeetEval: a JSON list, seconds as numbers, speaker null when unknown. */
export const seglst: Writer = {
  format: 'seglst',
  extension: '.seglst.json',
  mediaType: 'application/json',
  render(transcript) {
    const nameOf = speakerNames(transcript);
    return jsonText(
      inOrder(transcript.segments).map((segment) => ({
        session_id: recordingToken(transcript),
        speaker: nameOf(segment.speaker),
        start_time: segment.start,
        end_time: segment.end,
        words: textOf(segment),
      })),
    );
  },
};
