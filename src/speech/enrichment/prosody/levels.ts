import type { Prosody, ProsodyBaseline, ProsodyLevel } from '../../../transcript/schema.ts';

/** Standard deviations from what is usual: beyond the first a level is low or high, beyond the second very. */
const UNUSUAL = 1;
const VERY_UNUSUAL = 2;
/** Speakers who hardly vary are not unusual at every breath: differences count from what a listener notices. */
const MIN_PITCH_SHARE = 0.05; // a little under one semitone
const MIN_ENERGY_DB = 1.5;
const MIN_RATE_SHARE = 0.1;

/** Sets the levels of a segment's prosody by what is usual for its speaker; where the baseline is null they are `unknown`. */
export function setLevels({ pitch, energy, rate }: Prosody, usual: ProsodyBaseline): void {
  if (pitch)
    pitch.level = levelOf(
      pitch.mean_hz,
      usual.pitch_hz,
      usual.pitch_std_hz,
      MIN_PITCH_SHARE * (usual.pitch_hz ?? 0),
    );
  energy.level = levelOf(energy.db_rms, usual.energy_db, usual.energy_std_db, MIN_ENERGY_DB);
  rate.level = levelOf(
    rate.syllables_per_sec,
    usual.syllables_per_sec,
    usual.syllables_std,
    MIN_RATE_SHARE * (usual.syllables_per_sec ?? 0),
  );
}

function levelOf(
  value: number | null,
  centre: number | null,
  deviation: number | null,
  least: number,
): ProsodyLevel {
  if (value === null || centre === null || deviation === null) return 'unknown';
  const z = (value - centre) / Math.max(deviation, least);
  if (z < -VERY_UNUSUAL) return 'very_low';
  if (z < -UNUSUAL) return 'low';
  if (z > VERY_UNUSUAL) return 'very_high';
  return z > UNUSUAL ? 'high' : 'normal';
}
