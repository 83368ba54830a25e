// Starts the program in place of this process, as far as Node.js can: it has the terminal, the streams and the signals,
// and its exit code is ours. Used by the hook and by the command files.
'use strict'

const {spawn} = require('node:child_process')
const {writeSync} = require('node:fs')
const {constants} = require('node:os')
const {isatty} = require('node:tty')

// Never settles: with the program, this process ends.
module.exports = function run(words, config) {
  return new Promise(() => {
    const program = process.env.HEROKU_CHAT_BIN || packaged()
    const terminals = [0, 1, 2].filter(isatty)
    let child
    // The CLI's own handlers end it on Ctrl-C while the program, which has the terminal, goes on.
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal)
    // From the terminal this reaches the program, too, which decides what it means.
    process.on('SIGQUIT', () => {})
    // So does this, but it may also be sent to this process alone. The program counts those that it gets by each of the two
    // names, and takes a pair for one.
    process.on('SIGINT', () => process.platform === 'win32' || child.kill('SIGUSR2'))
    // These may be sent to this process alone.
    for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
    child = spawn(program, words, {stdio: 'inherit', env: environment(config)})
    child.on('error', error => fail(`${program} can't be started: ${error.message}`, remedy()))
    child.on('exit', (code, signal) => {
      const status = signal ? 128 + constants.signals[signal] : code
      // Node.js aborts with a trace where it exits without the terminal that it began with.
      if (status === 128 + constants.signals.SIGHUP || !terminals.every(isatty)) hangUp()
      else process.exit(status)
    })
  })
}

// Ends as a program does that doesn't listen to this signal.
function hangUp() {
  process.removeAllListeners('SIGHUP')
  process.kill(process.pid, 'SIGHUP')
}

// The program calls the same CLI back, and spells commands as they are typed here.
function environment(config) {
  return {
    ...process.env,
    HEROKU_CHAT_TOPIC: 'ai',
    HEROKU_CLI_BIN: process.argv[1],
    HEROKU_CLI_NODE: process.execPath,
    HEROKU_CLI_VERSION: config.version,
  }
}

// The program of this package, if it is a bundle, or of the package for this machine, which npm chose by its `os`, `cpu`
// and `libc`.
function packaged() {
  const machine = `${process.platform}-${process.arch}`
  const file = process.platform === 'win32' ? 'heroku-chat.exe' : 'heroku-chat'
  for (const folder of ['../bin', `${require('../package.json').name}-${machine}/bin`]) {
    try {
      return require.resolve(`${folder}/${file}`)
    } catch {}
  }
  fail(
    `the program for ${machine} is not installed`,
    'Install the plugin again with optional packages allowed (npm config get omit). Where there is no package for this',
    'machine, build heroku-chat from its source and set HEROKU_CHAT_BIN to its path.',
  )
}

function remedy() {
  return process.env.HEROKU_CHAT_BIN ? 'HEROKU_CHAT_BIN names it: correct or unset that.' : 'Install the plugin again.'
}

function fail(message, ...hints) {
  writeSync(2, ` ›   Error: ${[message, ...hints].join('\n ›   ')}\n`)
  process.exit(1)
}
