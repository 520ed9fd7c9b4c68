// Makes a fresh checkout ready: locked npm packages, then the programs that Earshot runs. Runs on any Node from 18 on,
// before there is anything to import. With nothing to do it ends within a tenth of a second.
//   --quiet   say nothing when nothing is to be done
//   --tests   also the programs that only the test suite uses; without them their tests are skipped, visibly
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const quiet = process.argv.includes('--quiet');

const NEEDED = {
  ffmpeg: ['ffmpeg', 'ffprobe'],
  pocketsphinx: ['pocketsphinx_batch', 'pocketsphinx_continuous'],
  'pocketsphinx-en-us': [],
};
const FOR_TESTS = {
  sctk: ['sctk'],
  sox: ['sox'],
  flite: ['flite'],
  'espeak-ng': ['espeak-ng'],
  postgresql: ['pg_createcluster'],
};

installNpmPackages();
installPrograms(NEEDED, true);
if (process.argv.includes('--tests')) installPrograms(FOR_TESTS, false);
if (!quiet) say('ready');

function installNpmPackages() {
  const stamp = join(root, 'node_modules', '.earshot-setup');
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('installing the locked npm packages (npm ci)');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'npm ci failed: see above');
  writeFileSync(stamp, lock);
}

function installPrograms(packages, needed) {
  const missing = Object.keys(packages).filter((name) => !isInstalled(name, packages[name]));
  if (missing.length === 0) return;
  const line = `apt-get install --yes --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    say(`installing ${missing.join(', ')} (apt-get)`);
    const options = {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    };
    spawnSync('apt-get', ['update', '--quiet'], options);
    if (spawnSync('apt-get', line.split(' ').slice(1), options).status === 0) return;
  }
  say(`${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing; install with:\n    sudo ${line}`);
  if (needed) process.exit(3);
}

/** A package without a program of its own is the one with the English model. */
function isInstalled(name, programs) {
  if (programs.length > 0) return programs.every(onPath);
  return ['/usr', '/usr/local', '/opt/homebrew'].some((prefix) =>
    existsSync(`${prefix}/share/pocketsphinx/model/en-us`),
  );
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function run(program, args, failure) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status === 0) return;
  say(failure);
  process.exit(3);
}

function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}
