import { runOne } from './child.ts';
import { repeatedMeeting } from './recordings.ts';
import type { Row } from './row.ts';

const HOUR = 3600;

/** Ten hours against one: time and memory must grow with the audio, and memory not at all. */
export async function growth(folder: string): Promise<Row[]> {
  const one = await runOne(repeatedMeeting(folder, HOUR), folder, 'null');
  const ten = await runOne(repeatedMeeting(folder, 10 * HOUR), folder, 'null');
  return [
    {
      what: 'time an hour of audio, ten hours / one hour',
      measured: (ten.seconds / 10 / one.seconds).toFixed(3),
      wanted: '<= 1.1',
      seen: `${(ten.seconds / 10).toFixed(1)} s / ${one.seconds.toFixed(1)} s`,
    },
    {
      what: 'peak memory, ten hours / one hour',
      measured: (ten.peakMegabytes / one.peakMegabytes).toFixed(3),
      wanted: '<= 1.2',
      seen: `${ten.peakMegabytes.toFixed(0)} MB / ${one.peakMegabytes.toFixed(0)} MB`,
    },
    { what: 'peak memory, ten hours, MB', measured: ten.peakMegabytes.toFixed(0), wanted: '< 500', seen: '' },
    {
      what: 'speakers found, ten hours and one',
      measured: `${ten.speakers}, ${one.speakers}`,
      wanted: '3, 3',
      seen: '',
    },
  ];
}
